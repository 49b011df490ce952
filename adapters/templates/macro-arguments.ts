import { refuse, type Evaluation, type Result } from './evaluation.ts';
import { evaluate } from './expressions.ts';
import { textProblem, type Argument, type Macro } from './macros.ts';
import { childrenOf, partOf, type TemplateNode } from './parse.ts';
import { createSqlScanner } from './sql-scanner.ts';

/** The expressions given for the macro's arguments, by position or by name. */
export function argumentsByName(evaluation: Evaluation, node: TemplateNode, name: string, macro: Macro): ReadonlyMap<string, TemplateNode> {
  const names = Object.keys(macro.parameters);
  const given = new Map<string, TemplateNode>();
  const take = (parameter: string | undefined, value: TemplateNode): void => {
    if (parameter !== undefined && names.includes(parameter) && !given.has(parameter)) given.set(parameter, value);
    else refuse(evaluation, value, names.length === 0 ? `${name} takes no arguments.` : `${name} takes (${names.join(', ')}), each once.`);
  };
  childrenOf(partOf(node, 'args')).forEach((child, index) => {
    if (child.typename !== 'KeywordArgs') take(names[index], child);
    else childrenOf(child).forEach((pair) => take(String(partOf(pair, 'key')['value']), partOf(pair, 'value')));
  });
  return given;
}

/** SQL for one argument of the macro called at `call`. A text in quotes is SQL where SQL is wanted, since it is the template's own; a parameter is always bound. */
export function argumentSql(evaluation: Evaluation, argument: Argument, node: TemplateNode | undefined, call: TemplateNode, what: string): string {
  if (node === undefined) {
    if (argument.kind === 'zone' && argument.default !== undefined) return `'${argument.default}'`;
    return failed(evaluation, call, `${what} is missing.`);
  }
  const result = evaluate(evaluation, node);
  if (argument.kind === 'type') return result.kind === 'type' ? result.sql : failed(evaluation, node, `${what} wants one of the type_... macros.`);
  if (result.kind === 'type') return failed(evaluation, node, `${what} cannot be a type.`);
  if (argument.kind === 'sql') return result.kind === 'value' ? expressionSql(evaluation, result, node, what) : result.sql;
  if (result.kind === 'sql') return failed(evaluation, node, `${what} wants a text, not SQL.`);
  return wordSql(evaluation, argument, result, node, what);
}

type Value = Extract<Result, { kind: 'value' }>;

function wordSql(evaluation: Evaluation, argument: Argument, { value, literal }: Value, node: TemplateNode, what: string): string {
  const problem = typeof value === 'string' ? textProblem(argument, value, evaluation.dialect) : 'it wants a text.';
  if (problem !== undefined) return failed(evaluation, node, `${what}: ${problem}`);
  if (argument.kind === 'zone') return literal ? `'${value}'` : evaluation.writer.bind(value);
  return literal ? String(value) : failed(evaluation, node, `${what} must be spelt out in the template: a value cannot be a name.`);
}

function expressionSql(evaluation: Evaluation, { value, literal }: Value, node: TemplateNode, what: string): string {
  if (!literal || typeof value === 'boolean') return evaluation.writer.bind(value);
  if (typeof value === 'number') return `(${value})`;
  const scanner = createSqlScanner(evaluation.dialect.backslashEscapes);
  scanner.read(value);
  if (scanner.place() !== 'code') return failed(evaluation, node, `${what} holds a quote or comment that does not end.`);
  return /^[\w.]+$/.test(value) ? value : `(${value})`;
}

function failed(evaluation: Evaluation, node: TemplateNode, message: string): string {
  refuse(evaluation, node, message);
  return '';
}
