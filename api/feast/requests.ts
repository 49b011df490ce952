import { unprocessable, type BodyProblem } from './faults.ts';
import { JsonTextError, parseJson } from './json-text.ts';

/** A column of values by name, as Feast's requests carry entities and rows. */
export type ValueColumns = Readonly<Record<string, readonly unknown[]>>;

export interface OnlineFeaturesBody {
  readonly entities: ValueColumns;
  readonly feature_service: string | null;
  readonly features: readonly string[];
  readonly full_feature_names: boolean;
  readonly include_feature_view_version_metadata: boolean;
}

export interface PushBody {
  readonly push_source_name: string;
  readonly df: Readonly<Record<string, unknown>>;
  readonly to: string;
}

export interface WriteBody {
  readonly feature_view_name: string;
  readonly df: Readonly<Record<string, unknown>>;
}

export interface MaterializeBody {
  readonly start_ts: string | null;
  readonly end_ts: string | null;
  readonly feature_views: readonly string[] | null;
  readonly disable_event_timestamp: boolean;
  readonly version: string | null;
}

export interface MaterializeIncrementalBody {
  readonly end_ts: string;
  readonly feature_views: readonly string[] | null;
  readonly version: string | null;
}

type Loc = readonly (string | number)[];
/** Reads a value, or adds to the problems; the result then means nothing. */
type Reader<T> = (value: unknown, loc: Loc, problems: BodyProblem[]) => T;
interface BodyField<T> {
  readonly read: Reader<T>;
  /** undefined: the field must be there. */
  readonly fallback?: T;
}
type Fields<T> = { readonly [K in keyof T]: BodyField<T[K]> };

const problem = (type: string, msg: string, ctx?: BodyProblem['ctx']) => (value: unknown, loc: Loc, problems: BodyProblem[]): never => {
  problems.push({ type, loc, msg, input: value, ...(ctx === undefined ? {} : { ctx }) });
  return undefined as never;
};
const notText = problem('string_type', 'Input should be a valid string');
const notObject = problem('dict_type', 'Input should be a valid dictionary');
const notList = problem('list_type', 'Input should be a valid list');
const notBool = problem('bool_type', 'Input should be a valid boolean');
const unclearBool = problem('bool_parsing', 'Input should be a valid boolean, unable to interpret input');
const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, t: true, yes: true, y: true, on: true, 1: true, false: false, f: false, no: false, n: false, off: false, 0: false };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const text: Reader<string> = (value, loc, problems) => (typeof value === 'string' ? value : notText(value, loc, problems));
const object: Reader<Readonly<Record<string, unknown>>> = (value, loc, problems) => (isObject(value) ? value : notObject(value, loc, problems));
const orNull = <T>(read: Reader<T>): Reader<T | null> => (value, loc, problems) => (value === null ? null : read(value, loc, problems));
const list = <T>(read: Reader<T>): Reader<readonly T[]> => (value, loc, problems) => (Array.isArray(value) ? value.map((item, index) => read(item, [...loc, index], problems)) : notList(value, loc, problems));
const flag: Reader<boolean> = (value, loc, problems) => {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' && typeof value !== 'number') return notBool(value, loc, problems);
  return BOOLEANS[String(value).toLowerCase()] ?? unclearBool(value, loc, problems);
};
const columns: Reader<ValueColumns> = (value, loc, problems) => {
  if (!isObject(value)) return notObject(value, loc, problems);
  for (const [name, items] of Object.entries(value)) if (!Array.isArray(items)) notList(items, [...loc, name], problems);
  return value as ValueColumns;
};

const ONLINE_FEATURES: Fields<OnlineFeaturesBody> = {
  entities: { read: columns },
  feature_service: { read: orNull(text), fallback: null },
  features: { read: list(text), fallback: [] },
  full_feature_names: { read: flag, fallback: false },
  include_feature_view_version_metadata: { read: flag, fallback: false },
};
/** What Feast's caches and on-demand views take; here definitions are always fresh within seconds. */
const IGNORED = { allow_registry_cache: { read: flag, fallback: true }, transform_on_write: { read: flag, fallback: true } };
const PUSH: Fields<PushBody & { allow_registry_cache: boolean; transform_on_write: boolean }> = { push_source_name: { read: text }, df: { read: object }, ...IGNORED, to: { read: text, fallback: 'online' } };
const WRITE: Fields<WriteBody & { allow_registry_cache: boolean; transform_on_write: boolean }> = { feature_view_name: { read: text }, df: { read: object }, ...IGNORED };
const VIEWS = { feature_views: { read: orNull(list(text)), fallback: null }, full_feature_names: { read: flag, fallback: false }, version: { read: orNull(text), fallback: null } };
const MATERIALIZE: Fields<MaterializeBody & { full_feature_names: boolean }> = {
  start_ts: { read: orNull(text), fallback: null },
  end_ts: { read: orNull(text), fallback: null },
  disable_event_timestamp: { read: flag, fallback: false },
  ...VIEWS,
};
const INCREMENTAL: Fields<MaterializeIncrementalBody & { full_feature_names: boolean }> = { end_ts: { read: text }, ...VIEWS };

/** The bodies of Feast's routes; what is wrong with one is a 422 with every problem, as FastAPI lists them. Fields that are not known are let be. */
export const readOnlineFeaturesBody = (body: string): OnlineFeaturesBody => readBody(body, ONLINE_FEATURES);
export const readPushBody = (body: string): PushBody => readBody(body, PUSH);
export const readWriteBody = (body: string): WriteBody => readBody(body, WRITE);
export const readMaterializeBody = (body: string): MaterializeBody => readBody(body, MATERIALIZE);
export const readMaterializeIncrementalBody = (body: string): MaterializeIncrementalBody => readBody(body, INCREMENTAL);

function readBody<T>(body: string, fields: Fields<T>): T {
  if (body === '') throw unprocessable([{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }]);
  const value = parseBody(body);
  if (!isObject(value)) throw unprocessable([{ type: 'model_attributes_type', loc: ['body'], msg: 'Input should be a valid dictionary or object to extract fields from', input: value }]);
  const problems: BodyProblem[] = [];
  const read: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields) as [string, BodyField<unknown>][]) {
    if (name in value) read[name] = field.read(value[name], ['body', name], problems);
    else if ('fallback' in field) read[name] = field.fallback;
    else problems.push({ type: 'missing', loc: ['body', name], msg: 'Field required', input: value });
  }
  if (problems.length > 0) throw unprocessable(problems);
  return read as T;
}

function parseBody(body: string): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    throw unprocessable([{ type: 'json_invalid', loc: ['body', error.position], msg: 'JSON decode error', input: {}, ctx: { error: error.message } }]);
  }
}

/** Columns of equal length, as a data frame needs them; a single value stands for itself in every row. */
export function readColumns(df: Readonly<Record<string, unknown>>): { readonly columns: ValueColumns; readonly problem?: string } {
  const lists = Object.entries(df).filter(([, values]) => Array.isArray(values)) as [string, unknown[]][];
  const length = lists[0]?.[1].length ?? 0;
  if (lists.length < Object.keys(df).length) return { columns: {}, problem: `Column ${Object.keys(df).find((name) => !Array.isArray(df[name])) ?? ''} of df is not a list.` };
  if (lists.some(([, values]) => values.length !== length)) return { columns: {}, problem: 'All arrays must be of the same length' };
  return { columns: Object.fromEntries(lists) };
}
