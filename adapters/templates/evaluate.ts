import type { Problem } from '../../domain/errors.ts';
import type { Micros } from '../../domain/instant.ts';
import type { SqlDialect } from './dialect.ts';
import { MACROS, textProblem, type Argument, type Macro } from './macros.ts';
import { childrenOf, partOf, positionOf, type TemplateNode } from './parse.ts';
import { createSqlScanner } from './sql-scanner.ts';
import type { SqlWriter, TemplateValue } from './sql-writer.ts';

export interface Evaluation {
  readonly dialect: SqlDialect;
  readonly writer: SqlWriter;
  readonly parameters: Readonly<Record<string, TemplateValue>>;
  readonly asOfMicros: Micros;
  readonly path: string;
  /** Problems are added here; the text written is of no use then. */
  readonly problems: Problem[];
}

/** What an expression is: a value (`literal`: spelt out in the template), SQL text that a macro made, or a type. */
type Result =
  | { readonly kind: 'value'; readonly value: TemplateValue; readonly literal: boolean }
  | { readonly kind: 'sql'; readonly sql: string }
  | { readonly kind: 'type'; readonly sql: string };

const NOTHING: Result = { kind: 'sql', sql: 'NULL' };
const COMPARISONS: Readonly<Record<string, (a: TemplateValue, b: TemplateValue) => boolean>> = {
  '==': (a, b) => a === b, '===': (a, b) => a === b, '!=': (a, b) => a !== b, '!==': (a, b) => a !== b,
  '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b,
};

/** Writes the template that checkTemplate has found in order. Values only ever become placeholders. */
export function writeTemplate(root: TemplateNode, evaluation: Evaluation): void {
  const variables = new Map<string, Result>();
  const { writer, dialect } = evaluation;

  const refuse = (node: TemplateNode, message: string, cure?: string): Result => {
    evaluation.problems.push({ path: evaluation.path, message, ...positionOf(node), ...(cure === undefined ? {} : { cure }) });
    return NOTHING;
  };

  const write = (node: TemplateNode): void => {
    if (node.typename === 'TemplateData') writer.text(String(node['value']));
    else if (node.typename === 'If') writeIf(node);
    else if (node.typename === 'Set') for (const target of node['targets'] as readonly TemplateNode[]) variables.set(String(target['value']), evaluate(partOf(node, 'value')));
    else if (node.typename === 'Output') childrenOf(node).forEach((child) => (child.typename === 'TemplateData' ? write(child) : writeResult(child)));
    else childrenOf(node).forEach(write);
  };

  const writeIf = (node: TemplateNode): void => {
    const branch = truth(partOf(node, 'cond')) ? node['body'] : node['else_'];
    if (branch !== null) write(branch as TemplateNode);
  };

  const writeResult = (node: TemplateNode): void => {
    const result = evaluate(node);
    const objection = writer.objection(result.kind === 'value');
    if (objection !== undefined) refuse(node, `This tag ${objection}.`);
    writer.text(result.kind === 'value' ? writer.bind(result.value) : result.sql);
  };

  const evaluate = (node: TemplateNode): Result => {
    switch (node.typename) {
      case 'Literal':
        return literal(node);
      case 'Symbol': {
        const name = String(node['value']);
        return variables.get(name) ?? (Object.hasOwn(evaluation.parameters, name) ? { kind: 'value', value: evaluation.parameters[name]!, literal: false } : refuse(node, `"${name}" has no value yet.`, 'Set it before it is used.'));
      }
      case 'Group':
        return evaluate(childrenOf(node)[0]!);
      case 'Neg':
        return negate(node);
      case 'FunCall':
        return call(node);
      case 'Not': case 'And': case 'Or': case 'Compare': case 'In':
        return { kind: 'value', value: truth(node), literal: false };
      default:
        return refuse(node, `${node.typename} cannot stand here.`);
    }
  };

  const literal = (node: TemplateNode): Result => {
    const value = node['value'];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return { kind: 'value', value, literal: true };
    return refuse(node, 'none is no value.', 'Write NULL in the SQL itself.');
  };

  const negate = (node: TemplateNode): Result => {
    const target = evaluate(partOf(node, 'target'));
    if (target.kind === 'value' && typeof target.value === 'number') return { ...target, value: -target.value };
    return refuse(node, 'Only a number can be negated.');
  };

  const valueOf = (node: TemplateNode): TemplateValue => {
    const result = evaluate(node);
    if (result.kind === 'value') return result.value;
    refuse(node, 'A condition looks at parameters and literals only: what SQL gives is not known yet.');
    return false;
  };

  const truth = (node: TemplateNode): boolean => {
    switch (node.typename) {
      case 'Not':
        return !truth(partOf(node, 'target'));
      case 'And':
        return truth(partOf(node, 'left')) && truth(partOf(node, 'right'));
      case 'Or':
        return truth(partOf(node, 'left')) || truth(partOf(node, 'right'));
      case 'In':
        return childrenOf(partOf(node, 'right')).map(valueOf).includes(valueOf(partOf(node, 'left')));
      case 'Compare':
        return compare(node);
      default:
        return Boolean(valueOf(node));
    }
  };

  const compare = (node: TemplateNode): boolean => {
    const [operand] = node['ops'] as readonly TemplateNode[];
    const left = valueOf(partOf(node, 'expr'));
    const right = valueOf(partOf(operand!, 'expr'));
    if (typeof left !== typeof right) refuse(node, `A ${typeof left} is compared with a ${typeof right}.`);
    return COMPARISONS[String(operand!['type'])]!(left, right);
  };

  const call = (node: TemplateNode): Result => {
    const name = String(partOf(node, 'name')['value']);
    const macro = MACROS[name]!;
    const given = argumentsOf(node, name, macro);
    const before = evaluation.problems.length;
    const args = Object.entries(macro.parameters).map(([parameter, argument]) => textOf(argument, given.get(parameter), node, `${name}: ${parameter}`));
    if (evaluation.problems.length > before) return NOTHING;
    return { kind: macro.result, sql: macro.build(dialect, args, () => writer.bindInstant(evaluation.asOfMicros)) };
  };

  /** The expressions given for the macro's arguments, by position or by name. */
  const argumentsOf = (node: TemplateNode, name: string, macro: Macro): Map<string, TemplateNode> => {
    const names = Object.keys(macro.parameters);
    const given = new Map<string, TemplateNode>();
    const take = (parameter: string | undefined, value: TemplateNode): void => {
      if (parameter === undefined || !names.includes(parameter) || given.has(parameter)) refuse(value, `${name} takes ${names.length === 0 ? 'no arguments' : `(${names.join(', ')})`}, each once.`);
      else given.set(parameter, value);
    };
    childrenOf(partOf(node, 'args')).forEach((child, index) => {
      if (child.typename === 'KeywordArgs') childrenOf(child).forEach((pair) => take(String(partOf(pair, 'key')['value']), partOf(pair, 'value')));
      else take(names[index], child);
    });
    return given;
  };

  /** SQL for one argument. A text in quotes is SQL where SQL is wanted: it is the template's own. A parameter is always bound. */
  const textOf = (argument: Argument, node: TemplateNode | undefined, callNode: TemplateNode, what: string): string => {
    if (node === undefined) {
      if (argument.kind === 'zone' && argument.default !== undefined) return `'${argument.default}'`;
      return failed(callNode, `${what} is missing.`);
    }
    const result = evaluate(node);
    if (argument.kind === 'type') return result.kind === 'type' ? result.sql : failed(node, `${what} wants one of the type_... macros.`);
    if (result.kind === 'type') return failed(node, `${what} cannot be a type.`);
    if (argument.kind === 'sql') return sqlOf(result, node, what);
    if (result.kind === 'sql') return failed(node, `${what} wants a text, not SQL.`);
    const problem = typeof result.value === 'string' ? textProblem(argument, result.value, dialect) : 'it wants a text.';
    if (problem !== undefined) return failed(node, `${what}: ${problem}`);
    if (argument.kind === 'zone') return result.literal ? `'${result.value}'` : writer.bind(result.value);
    return result.literal ? String(result.value) : failed(node, `${what} must be spelt out in the template: a value cannot be a name.`);
  };

  const sqlOf = (result: Result, node: TemplateNode, what: string): string => {
    if (result.kind !== 'value') return result.sql;
    if (!result.literal || typeof result.value === 'boolean') return writer.bind(result.value);
    if (typeof result.value === 'number') return `(${result.value})`;
    const scanner = createSqlScanner(dialect.backslashEscapes);
    scanner.read(result.value);
    if (scanner.place() !== 'code') return failed(node, `${what} holds a quote or comment that does not end.`);
    return /^[\w.]+$/.test(result.value) ? result.value : `(${result.value})`;
  };

  const failed = (node: TemplateNode, message: string): string => {
    refuse(node, message);
    return '';
  };

  write(root);
}
