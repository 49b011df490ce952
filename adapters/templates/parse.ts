import nunjucks from 'nunjucks';
import { PipelineError, refuseProblems, type Problem } from '../../domain/errors.ts';
import { MARK } from './sql-writer.ts';

/** A node of the syntax tree that nunjucks' parser gives. Lines and columns count from 0. */
export interface TemplateNode {
  readonly typename: string;
  readonly lineno: number;
  readonly colno: number;
  /** The parts that a kind of node has; a kind's own reader knows which. */
  readonly [part: string]: unknown;
}

const { parser } = nunjucks as unknown as { readonly parser: { parse(text: string, extensions: readonly never[], options: object): TemplateNode } };

/**
 * The syntax tree of a template. Only nunjucks' parser is used: its own renderer would put values into the text, and would let a template reach the functions
 * of this process. INVALID_TEMPLATE when it is no template.
 */
export function parseTemplate(text: string, path: string): TemplateNode {
  if (text.includes(MARK)) throw new PipelineError('INVALID_TEMPLATE', `${path} holds the control character U+0001: remove it.`);
  try {
    return parser.parse(text, [], { trimBlocks: true, lstripBlocks: true });
  } catch (error) {
    const { message, lineno, colno } = error as { readonly message: string; readonly lineno?: number; readonly colno?: number };
    const position = lineno === undefined ? lastTag(text) : { line: lineno, column: colno ?? 1 };
    const problem = { path, message: `${message}.`, cure: 'See docs/loader-sql.md for what a template may hold.', ...position };
    refuseProblems('INVALID_TEMPLATE', 'The loader SQL is no valid template.', [problem]);
    throw error;
  }
}

/** Where a template that ends too early has its last `{{`, `{%` or `{#`. */
function lastTag(text: string): { readonly line: number; readonly column: number } {
  const before = text.slice(0, Math.max(0, text.lastIndexOf('{{'), text.lastIndexOf('{%'), text.lastIndexOf('{#')));
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

/** The place of a node for a message, counted from 1. */
export function positionOf(node: TemplateNode): Pick<Required<Problem>, 'line' | 'column'> {
  return { line: node.lineno + 1, column: node.colno + 1 };
}

/** The child nodes of a list. */
export function childrenOf(node: TemplateNode): readonly TemplateNode[] {
  return node['children'] as readonly TemplateNode[];
}

/** One part of a node. */
export function partOf(node: TemplateNode, part: string): TemplateNode {
  return node[part] as TemplateNode;
}
