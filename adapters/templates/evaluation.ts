import type { Problem } from '../../domain/errors.ts';
import type { Micros } from '../../domain/instant.ts';
import type { SqlDialect } from './dialect.ts';
import { positionOf, type TemplateNode } from './parse.ts';
import type { SqlWriter, TemplateValue } from './sql-writer.ts';

/** One rendering of one template. */
export interface Evaluation {
  readonly dialect: SqlDialect;
  readonly writer: SqlWriter;
  readonly parameters: Readonly<Record<string, TemplateValue>>;
  readonly asOfMicros: Micros;
  readonly path: string;
  /** What `set` has given so far. */
  readonly variables: Map<string, Result>;
  /** Problems are added here; the text written is of no use then. */
  readonly problems: Problem[];
}

/** What an expression is: a value (`literal`: spelt out in the template), SQL text that a macro made, or a type. */
export type Result =
  | { readonly kind: 'value'; readonly value: TemplateValue; readonly literal: boolean }
  | { readonly kind: 'sql'; readonly sql: string }
  | { readonly kind: 'type'; readonly sql: string };

/** Stands for the result of an expression that has been refused. */
export const NOTHING: Result = { kind: 'sql', sql: 'NULL' };

/** Notes a problem at the place of the node; evaluation goes on, to find the others too. */
export function refuse(evaluation: Evaluation, node: TemplateNode, message: string, cure?: string): Result {
  evaluation.problems.push({ path: evaluation.path, message, ...positionOf(node), ...(cure === undefined ? {} : { cure }) });
  return NOTHING;
}
