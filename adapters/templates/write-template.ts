import type { Evaluation } from './evaluation.ts';
import { refuse } from './evaluation.ts';
import { evaluate, isTrue } from './expressions.ts';
import { childrenOf, partOf, type TemplateNode } from './parse.ts';

/** Writes a node that checkTemplate has found in order. Values only ever become placeholders. */
export function writeTemplate(evaluation: Evaluation, node: TemplateNode): void {
  switch (node.typename) {
    case 'TemplateData':
      return evaluation.writer.text(String(node['value']));
    case 'Set':
      return setVariables(evaluation, node);
    case 'If': {
      const branch = isTrue(evaluation, partOf(node, 'cond')) ? node['body'] : node['else_'];
      return branch === null ? undefined : writeTemplate(evaluation, branch as TemplateNode);
    }
    case 'Output':
      return childrenOf(node).forEach((child) => (child.typename === 'TemplateData' ? writeTemplate(evaluation, child) : writeResult(evaluation, child)));
    default:
      return childrenOf(node).forEach((child) => writeTemplate(evaluation, child));
  }
}

function setVariables(evaluation: Evaluation, node: TemplateNode): void {
  const result = evaluate(evaluation, partOf(node, 'value'));
  for (const target of node['targets'] as readonly TemplateNode[]) evaluation.variables.set(String(target['value']), result);
}

function writeResult(evaluation: Evaluation, node: TemplateNode): void {
  const result = evaluate(evaluation, node);
  const objection = evaluation.writer.objection(result.kind === 'value');
  if (objection !== undefined) refuse(evaluation, node, `This tag ${objection}.`);
  evaluation.writer.text(result.kind === 'value' ? evaluation.writer.bind(result.value) : result.sql);
}
