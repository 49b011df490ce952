import { NOTHING, refuse, type Evaluation, type Result } from './evaluation.ts';
import { argumentsByName, argumentSql } from './macro-arguments.ts';
import { MACROS } from './macros.ts';
import { childrenOf, partOf, type TemplateNode } from './parse.ts';
import type { TemplateValue } from './sql-writer.ts';

const COMPARISONS: Readonly<Record<string, (a: TemplateValue, b: TemplateValue) => boolean>> = {
  '==': (a, b) => a === b,
  '===': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '!==': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** What an expression of the template is. */
export function evaluate(evaluation: Evaluation, node: TemplateNode): Result {
  switch (node.typename) {
    case 'Literal':
      return literal(evaluation, node);
    case 'Symbol':
      return named(evaluation, node);
    case 'Group':
      return evaluate(evaluation, childrenOf(node)[0]!);
    case 'Neg':
      return negated(evaluation, node);
    case 'FunCall':
      return called(evaluation, node);
    case 'Not':
    case 'And':
    case 'Or':
    case 'Compare':
    case 'In':
      return { kind: 'value', value: isTrue(evaluation, node), literal: false };
    default:
      return refuse(evaluation, node, `${node.typename} cannot stand here.`);
  }
}

/** Whether a condition holds. It looks at values only. */
export function isTrue(evaluation: Evaluation, node: TemplateNode): boolean {
  const part = (name: string): boolean => isTrue(evaluation, partOf(node, name));
  switch (node.typename) {
    case 'Not':
      return !part('target');
    case 'And':
      return part('left') && part('right');
    case 'Or':
      return part('left') || part('right');
    case 'In':
      return isAmong(evaluation, node);
    case 'Compare':
      return compares(evaluation, node);
    default:
      return Boolean(valueOf(evaluation, node));
  }
}

function literal(evaluation: Evaluation, node: TemplateNode): Result {
  const value = node['value'];
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return { kind: 'value', value, literal: true };
  return refuse(evaluation, node, 'none is no value.', 'Write NULL in the SQL itself.');
}

function named(evaluation: Evaluation, node: TemplateNode): Result {
  const name = String(node['value']);
  const variable = evaluation.variables.get(name);
  if (variable !== undefined) return variable;
  const value = Object.hasOwn(evaluation.parameters, name) ? evaluation.parameters[name] : undefined;
  return value === undefined ? refuse(evaluation, node, `"${name}" has no value here.`, 'Set it outside of "if", before it is used.') : { kind: 'value', value, literal: false };
}

function negated(evaluation: Evaluation, node: TemplateNode): Result {
  const target = evaluate(evaluation, partOf(node, 'target'));
  if (target.kind === 'value' && typeof target.value === 'number') return { ...target, value: 0 - target.value };
  return refuse(evaluation, node, 'Only a number can be negated.');
}

function called(evaluation: Evaluation, node: TemplateNode): Result {
  const name = String(partOf(node, 'name')['value']);
  const macro = MACROS[name]!; // checkTemplate has refused others
  const before = evaluation.problems.length;
  const given = argumentsByName(evaluation, node, name, macro);
  const args = Object.entries(macro.parameters).map(([parameter, argument]) => argumentSql(evaluation, argument, given.get(parameter), node, `${name}: ${parameter}`));
  if (evaluation.problems.length > before) return NOTHING;
  return { kind: macro.result, sql: macro.build(evaluation.dialect, args, () => evaluation.writer.bindInstant(evaluation.asOfMicros)) };
}

function valueOf(evaluation: Evaluation, node: TemplateNode): TemplateValue {
  const result = evaluate(evaluation, node);
  if (result.kind === 'value') return result.value;
  refuse(evaluation, node, 'A condition looks at parameters and literals only: what SQL gives is not known yet.');
  return false;
}

function isAmong(evaluation: Evaluation, node: TemplateNode): boolean {
  const list = partOf(node, 'right');
  if (list.typename !== 'Array') {
    refuse(evaluation, list, '"in" wants a list such as [1, 2].');
    return false;
  }
  return childrenOf(list).map((child) => valueOf(evaluation, child)).includes(valueOf(evaluation, partOf(node, 'left')));
}

function compares(evaluation: Evaluation, node: TemplateNode): boolean {
  const [operand, ...more] = node['ops'] as readonly TemplateNode[];
  if (more.length > 0) refuse(evaluation, node, 'Two comparisons in one.', 'Join them by "and".');
  const left = valueOf(evaluation, partOf(node, 'expr'));
  const right = valueOf(evaluation, partOf(operand!, 'expr'));
  if (typeof left !== typeof right) refuse(evaluation, node, `A ${typeof left} is compared with a ${typeof right}.`);
  return COMPARISONS[String(operand!['type'])]!(left, right);
}
