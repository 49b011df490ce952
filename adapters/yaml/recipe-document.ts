import { isCollection, isPair, isScalar, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml';
import type { Problem } from '../../domain/errors.ts';
import { formatPath, type Issue, type KeyPath } from '../../domain/validation/shape.ts';

/** YAML text with the position of every value, for messages. */
export interface PositionedDocument {
  readonly value: unknown;
  /** What YAML itself finds wrong: syntax, repeated keys. */
  readonly problems: readonly Problem[];
  /** The issue as a problem with the line and column of its key or value; of the nearest value around it when it is missing. */
  locate(issue: Issue): Problem;
}

/** Reads YAML 1.2. Aliases are limited by the parser, so that a small file cannot grow without bound. */
export function readPositionedYaml(text: string, file: string): PositionedDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems: Problem[] = document.errors.map((error) => ({ path: file, message: error.message, ...at(error.pos[0]) }));
  visit(document, { Scalar: (_, { value, source, range }) => {
    if (typeof value === 'number' && !Number.isSafeInteger(value) && /^[-+]?\d+$/.test(source ?? '')) problems.push({ path: file, message: `${source} is not exact as a number.`, cure: 'Put it in quotes.', ...at(range?.[0] ?? 0) });
  } });
  return {
    value: problems.length === 0 ? toValue(document, file, problems) : undefined,
    problems,
    locate: (issue) => ({ path: formatPath(issue.keys, file), message: issue.message, ...(issue.cure === undefined ? {} : { cure: issue.cure }), ...at(offsetOf(document, issue)) }),
  };
}

function toValue(document: Document, file: string, problems: Problem[]): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    problems.push({ path: file, message: `${error.message}.`, cure: 'Write the values out.', line: 1, column: 1 });
    return undefined;
  }
}

function offsetOf(document: Document, issue: Issue): number {
  const key = keyOffset(document, issue.keys);
  const value = valueOffset(document, issue.keys);
  if (issue.onKey === true && key !== undefined) return key;
  return value ?? key ?? nearestOffset(document, issue.keys);
}

function nearestOffset(document: Document, keys: KeyPath): number {
  if (keys.length === 0) return document.contents?.range?.[0] ?? 0;
  const parent = keys.slice(0, -1);
  return keyOffset(document, parent) ?? valueOffset(document, parent) ?? nearestOffset(document, parent);
}

function valueOffset(document: Document, keys: KeyPath): number | undefined {
  const node = document.getIn(keys, true) as Node | undefined;
  return node?.range?.[0];
}

function keyOffset(document: Document, keys: KeyPath): number | undefined {
  const last = keys.at(-1);
  const parent = keys.length === 1 ? document.contents : document.getIn(keys.slice(0, -1), true);
  if (typeof last !== 'string' || !isCollection(parent)) return undefined;
  for (const item of parent.items) {
    if (isPair(item) && isScalar(item.key) && String(item.key.value) === last) return item.key.range?.[0];
  }
  return undefined;
}
