import type { Problem } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import { MACROS } from './macros.ts';
import { childrenOf, partOf, positionOf, type TemplateNode } from './parse.ts';

/** The parts to look into, by kind of node. What is not here is no part of loader SQL. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  Root: [], NodeList: [], Output: [], Group: [], Array: [], TemplateData: [], Literal: [], Symbol: [],
  FunCall: ['args'], KeywordArgs: [], Pair: ['value'], Set: ['value'], If: ['cond', 'body', 'else_'],
  Compare: ['expr'], CompareOperand: ['expr'], In: ['left', 'right'], And: ['left', 'right'], Or: ['left', 'right'], Not: ['target'], Neg: ['target'],
};

const NOT_SUPPORTED: Readonly<Record<string, string>> = {
  Include: 'A template stands alone, so that the model can keep all of it: write the text here.',
  Extends: 'A template stands alone, so that the model can keep all of it: write the text here.',
  Filter: 'Use a macro or plain SQL.',
};

/** Every name that is not known, every construct that loader SQL does not have, and every parameter or variable that is never read: all of them, before anything is evaluated. */
export function checkTemplate(root: TemplateNode, path: string, parameters: readonly string[]): readonly Problem[] {
  const problems: Problem[] = [];
  const variables = new Map<string, TemplateNode>();
  const read = new Set<string>();
  const report = (node: TemplateNode, message: string, cure: string): number => problems.push({ path, message, cure, ...positionOf(node) });

  const visit = (node: TemplateNode): void => {
    const parts = PARTS[node.typename];
    if (parts === undefined) {
      report(node, `${node.typename} is no part of loader SQL.`, NOT_SUPPORTED[node.typename] ?? 'It has tags with macros and values, if, set and comments.');
      if (node.typename === 'Filter') visit(partOf(node, 'args')); // what it is applied to is read
      return;
    }
    if (node.typename === 'Symbol') readName(node);
    if (node.typename === 'FunCall') checkCall(node);
    for (const part of parts) if (node[part] !== null) visit(partOf(node, part));
    if (Array.isArray(node['children'])) childrenOf(node).forEach(visit);
    if (node.typename === 'Compare') (node['ops'] as readonly TemplateNode[]).forEach(visit);
    if (node.typename === 'Set') declare(node);
  };

  const readName = (node: TemplateNode): void => {
    const name = String(node['value']);
    read.add(name);
    if (variables.has(name) || parameters.includes(name)) return;
    const cure = Object.hasOwn(MACROS, name) ? `Call it: ${name}(...).` : `${suggestion(name, [...parameters, ...variables.keys()])} A value is given under loader.parameters.`;
    report(node, `There is no parameter or variable "${name}".`, cure);
  };

  const checkCall = (node: TemplateNode): void => {
    const callee = partOf(node, 'name');
    if (callee.typename !== 'Symbol') report(node, 'Only a macro can be called.', 'See docs/loader-sql.md.');
    else if (!Object.hasOwn(MACROS, String(callee['value']))) report(callee, `There is no macro "${String(callee['value'])}".`, suggestion(String(callee['value']), Object.keys(MACROS)));
  };

  const declare = (node: TemplateNode): void => {
    for (const target of node['targets'] as readonly TemplateNode[]) {
      const name = String(target['value']);
      if (parameters.includes(name) || Object.hasOwn(MACROS, name)) report(target, `The variable "${name}" hides a ${parameters.includes(name) ? 'parameter' : 'macro'}.`, 'Give it another name.');
      else variables.set(name, target);
    }
  };

  visit(root);
  for (const [name, node] of variables) if (!read.has(name)) report(node, `The variable "${name}" is never used.`, 'Remove it.');
  for (const name of parameters) {
    if (!read.has(name)) problems.push({ path: `loader.parameters.${name}`, message: `${path} does not use it.`, cure: 'Remove it, or use it in the template.' });
  }
  return problems;
}
