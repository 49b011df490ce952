import { PipelineError } from '../../domain/errors.ts';
import { canonicalize } from '../../domain/features/canonical.ts';
import type { FeatureValue, JoinKeyType } from '../../domain/features/value-types.ts';
import { nearest } from '../../domain/nearest.ts';
import { toJson } from '../json.ts';
import { exceptionText, keyError, pythonList, pythonRepr } from './faults.ts';
import type { JsonBytes } from './json-bytes.ts';
import type { ReadPlan } from './read-plan.ts';
import type { ValueColumns } from './requests.ts';
import { jsonWriter } from './value-json.ts';

/** The join key columns of a request, checked. */
export interface EntityColumns {
  readonly rowCount: number;
  /** Canonical values by the column's name, for join keys that the views need. */
  readonly values: ReadonlyMap<string, readonly FeatureValue[]>;
  /** What the answer says back. */
  readonly echo: readonly EchoedColumn[];
}

export interface EchoedColumn {
  readonly name: string;
  /** Writes the values, commas between. */
  readonly write: (answer: JsonBytes) => void;
}

/** A request for more would hold up the others. */
const MOST_ROWS = 100_000;

/** Reads the entities as Feast does: numbers and texts are turned into the key's type, columns that are no join keys are let be. Throws what Feast answers to the rest. */
export function readEntities({ keyTypes, entityNames, reads }: ReadPlan, entities: ValueColumns): EntityColumns {
  const columns = Object.entries(entities);
  const rowCount = columns[0]?.[1].length;
  if (rowCount === undefined) throw keyError('pop from an empty set');
  if (columns.some(([, values]) => values.length !== rowCount)) throw exceptionText('All entity rows must have the same columns.');
  if (rowCount > MOST_ROWS) throw exceptionText(`${rowCount} entities are more than the ${MOST_ROWS} that go into one request; send several.`);
  const values = new Map<string, readonly FeatureValue[]>();
  const echo: EchoedColumn[] = [];
  for (const [given, raw] of columns) {
    const name = keyTypes.has(given) ? given : entityNames.get(given);
    if (name === undefined) continue;
    const type = keyTypes.get(name);
    if (type === undefined) {
      echo.push({ name, write: (answer) => answer.json(raw.map(toJson).join(',')) });
      continue;
    }
    const keys = raw.map((value, row) => keyValue(type, value, name, row));
    values.set(name, keys);
    echo.push({ name, write: (answer) => answer.values(keys, jsonWriter(type)) });
  }
  for (const { view, keyColumns } of reads) {
    if (view.joinKeys.length > 0 && !keyColumns.some((column) => (values.get(column)?.length ?? 0) > 0)) {
      throw missingKeys(keyTypes.keys(), values, echo.map(({ name }) => name), nearColumns(Object.keys(entities), keyColumns, { keyTypes, entityNames }));
    }
  }
  return { rowCount, values, echo };
}

/** ` Did you mean 'origin' by 'orign'?` for columns that are no join keys and near one that is needed. */
function nearColumns(given: readonly string[], needed: readonly string[], { keyTypes, entityNames }: Pick<ReadPlan, 'keyTypes' | 'entityNames'>): string {
  return given
    .filter((name) => !keyTypes.has(name) && !entityNames.has(name))
    .map((name) => ({ name, near: nearest(name, needed) }))
    .map(({ name, near }) => (near === undefined ? '' : ` Did you mean ${pythonRepr(near)} by ${pythonRepr(name)}?`))
    .join('');
}

function missingKeys(expected: Iterable<string>, values: EntityColumns['values'], given: readonly string[], near: string): Error {
  const keys = [...expected].sort();
  const missing = keys.filter((key) => !values.has(key));
  const empty = keys.filter((key) => (values.get(key)?.length ?? 0) === 0);
  return keyError(`Missing join key values for keys: ${pythonList(missing)}. No values provided for keys: ${pythonList(empty)}. Provided join_key_values: ${pythonList(given)}${near === '' ? '' : `.${near}`}`);
}

/** A whole-number key takes what Python's int() takes: numbers, cut towards zero, texts of whole numbers and booleans. A text key takes numbers as their text. */
function keyValue(type: JoinKeyType, raw: unknown, name: string, row: number): FeatureValue {
  if (type === 'Int64' && typeof raw === 'number' && Number.isSafeInteger(raw)) return BigInt(raw); // what most requests have
  try {
    const value = canonicalize(type, coerce(type, raw));
    if (value !== null) return value;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    throw exceptionText(`Join key ${name}, row ${row}: ${error.message}`);
  }
  throw exceptionText(`Join key ${name}, row ${row}: it is null.`);
}

function coerce(type: JoinKeyType, raw: unknown): unknown {
  if (type === 'String') return typeof raw === 'number' || typeof raw === 'bigint' ? String(raw) : typeof raw === 'boolean' ? (raw ? 'True' : 'False') : raw;
  if (type !== 'Int32' && type !== 'Int64') return raw;
  if (typeof raw === 'boolean') return raw ? 1 : 0;
  if (typeof raw === 'number' && Number.isFinite(raw)) return Math.trunc(raw) + 0; // + 0: there is no -0
  return typeof raw === 'string' ? raw.trim() : raw;
}
