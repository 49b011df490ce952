import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';

/** The way to a value inside a document: keys and list indexes. */
export type KeyPath = readonly (string | number)[];

/** A problem with the way to its value, so that a reader of the file can add line and column. `onKey`: the key itself is wrong, not its value. */
export interface Issue {
  readonly keys: KeyPath;
  readonly message: string;
  readonly cure?: string;
  readonly onKey?: boolean;
}

/** Where a shape is being checked, and where it says what is wrong. */
export interface Spot {
  readonly keys: KeyPath;
  readonly issues: Issue[];
}

/** Checks an unknown value and returns it typed. What is wrong goes to `spot.issues`; the result then means nothing. */
export type Shape<T> = (value: unknown, spot: Spot) => T;

/** Says that the value at `spot` is wrong. The returned value is never used: callers stop at the first look at `issues`. */
export function refuse(spot: Spot, message: string, cure?: string): never {
  spot.issues.push({ keys: spot.keys, message, ...(cure === undefined ? {} : { cure }) });
  return undefined as never;
}

export function within(spot: Spot, key: string | number): Spot {
  return { keys: [...spot.keys, key], issues: spot.issues };
}

/** A short account of a value for messages: never longer than 60 characters. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Checks the whole value; `problems` is empty when `value` is good. */
export function check<T>(shape: Shape<T>, value: unknown): { readonly value: T; readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  return { value: shape(value, { keys: [], issues }), issues };
}

/** `steps[0].impute`; the root is named by `root`. */
export function formatPath(keys: KeyPath, root = '(root)'): string {
  const text = keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  return text === '' ? root : text.replace(/^\./, '');
}

/** The keys of a path that `formatPath` made; `steps[0].impute` is `steps`, 0, `impute`. */
export function parsePath(path: string): KeyPath {
  return path.split('.').flatMap((part) => [part.replace(/\[.*$/, ''), ...[...part.matchAll(/\[(\d+)\]/g)].map(([, index]) => Number(index))]).filter((key) => key !== '');
}

export function toProblem(issue: Issue): Problem {
  return { path: formatPath(issue.keys), message: issue.message, ...(issue.cure === undefined ? {} : { cure: issue.cure }) };
}

export function text(options: { readonly pattern?: RegExp; readonly means?: string } = {}): Shape<string> {
  return (value, spot) => {
    if (typeof value !== 'string' || value.trim() === '') return refuse(spot, `is ${show(value)}, not a text`);
    if (options.pattern !== undefined && !options.pattern.test(value)) return refuse(spot, `is ${show(value)}, not ${options.means ?? `of the form ${options.pattern.source}`}`);
    return value;
  };
}

export function number(options: { readonly integer?: boolean; readonly min?: number; readonly max?: number; readonly below?: number; readonly above?: number } = {}): Shape<number> {
  return (value, spot) => {
    const wanted = options.integer === true ? 'a whole number' : 'a number';
    if (typeof value !== 'number' || !Number.isFinite(value)) return refuse(spot, `is ${show(value)}, not ${wanted}`);
    if (options.integer === true && !Number.isSafeInteger(value)) return refuse(spot, `is ${value}, not ${wanted}`);
    if (options.min !== undefined && value < options.min) return refuse(spot, `is ${value}, less than ${options.min}`);
    if (options.max !== undefined && value > options.max) return refuse(spot, `is ${value}, more than ${options.max}`);
    if (options.above !== undefined && value <= options.above) return refuse(spot, `is ${value}; it must be more than ${options.above}`);
    if (options.below !== undefined && value >= options.below) return refuse(spot, `is ${value}; it must be less than ${options.below}`);
    return value;
  };
}

export function boolean(): Shape<boolean> {
  return (value, spot) => (typeof value === 'boolean' ? value : refuse(spot, `is ${show(value)}, not true or false`));
}

export function choice<const T extends string>(choices: readonly T[]): Shape<T> {
  return (value, spot) => {
    if (typeof value === 'string' && (choices as readonly string[]).includes(value)) return value as T;
    return refuse(spot, `is ${show(value)}`, typeof value === 'string' ? suggestion(value, choices) : `It must be one of: ${choices.join(', ')}.`);
  };
}

export function list<T>(of: Shape<T>, options: { readonly min?: number; readonly unique?: boolean } = {}): Shape<readonly T[]> {
  return (value, spot) => {
    if (!Array.isArray(value)) return refuse(spot, `is ${show(value)}, not a list`);
    if (value.length < (options.min ?? 0)) return refuse(spot, `has ${value.length} entries; at least ${options.min ?? 0} are needed`);
    const items = value.map((item: unknown, index) => of(item, within(spot, index)));
    if (options.unique === true) items.forEach((item, index) => items.indexOf(item) < index && refuse(within(spot, index), `is ${show(item)} a second time`));
    return items;
  };
}

export function record<T>(of: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, spot) => {
    if (!isRecord(value)) return refuse(spot, `is ${show(value)}, not a mapping of names to values`);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, of(item, within(spot, key))]));
  };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
