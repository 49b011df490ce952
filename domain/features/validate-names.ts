import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { Described } from './definitions.ts';

/** Tags with this prefix carry what Feast's registry has no field for; definitions may not use it. */
export const RESERVED_TAG_PREFIX = 'ml_pipeline.';

/** Columns that reads of a view add beside its features. */
const RESERVED_COLUMNS: readonly string[] = ['event_timestamp', 'created_timestamp', 'row_number'];
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** The longest name that Feast's registry tables can hold is 255; PostgreSQL's columns end at 63 bytes. */
const MAX_NAME = 63;

/** A name of ours: it becomes part of column names, keys and references. */
export function nameProblems(path: string, name: string): Problem[] {
  if (typeof name !== 'string' || !NAME.test(name)) {
    return [{ path, message: `${JSON.stringify(name)} is not a name.`, cure: 'Use letters, digits and "_", not starting with a digit.' }];
  }
  if (name.includes('__') || name.endsWith('_')) {
    return [{ path, message: `"${name}" has "__" in it or ends with "_": "view__feature" could not be taken apart.`, cure: `Call it "${name.replace(/_+/g, '_').replace(/_$/, '')}".` }];
  }
  if (name.length > MAX_NAME) return [{ path, message: `"${name}" has ${name.length} characters.`, cure: `Use at most ${MAX_NAME}.` }];
  return [];
}

/** A column of a table. */
export function columnProblems(path: string, column: string): Problem[] {
  if (typeof column === 'string' && NAME.test(column) && column.length <= MAX_NAME) return [];
  return [{ path, message: `${JSON.stringify(column)} is not a column name.`, cure: `Use letters, digits and "_", at most ${MAX_NAME}, not starting with a digit.` }];
}

/** A column that would collide with one that reads add. */
export function reservedProblems(path: string, name: string): Problem[] {
  if (!RESERVED_COLUMNS.includes(name)) return [];
  return [{ path, message: `"${name}" is a column that every read adds.`, cure: 'Choose another name; `fieldMapping` of the source renames a column.' }];
}

/** One of the choices, or the nearest is suggested. */
export function choiceProblems(path: string, value: string, choices: readonly string[]): Problem[] {
  return choices.includes(value) ? [] : [{ path, message: `${JSON.stringify(value)} is not possible here.`, cure: suggestion(String(value), choices) }];
}

/** Tags of users keep out of our prefix. */
export function tagProblems(path: string, described: Described): Problem[] {
  return Object.keys(described.tags ?? {}).flatMap((tag) =>
    tag.startsWith(RESERVED_TAG_PREFIX) ? [{ path: `${path}.tags`, message: `Tag "${tag}" begins with "${RESERVED_TAG_PREFIX}", which the pipeline keeps for itself.`, cure: 'Choose another name.' }] : [],
  );
}

/** Whether the text is `schema.table`. */
export function isTableName(table: unknown): boolean {
  const parts = typeof table === 'string' ? table.split('.') : [];
  return parts.length === 2 && parts.every((part) => NAME.test(part));
}

/** Names that are there more than once, each reported once; `fold` says which names count as equal. */
export function duplicateProblems(path: string, names: readonly string[], what = '', fold: (name: string) => string = (name) => name): Problem[] {
  const repeated = names.filter((name, index) => names.findIndex((other) => fold(other) === fold(name)) < index);
  return [...new Set(repeated)].map((name) => ({ path, message: `${what}"${name}" is there more than once.`, cure: 'Keep one of them.' }));
}
