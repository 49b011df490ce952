import { MICROS_PER_SECOND } from '../instant.ts';
import type { Micros } from '../instant.ts';
import type { FeatureViewSnapshot } from './snapshot.ts';
import type { FeatureValue, ScalarValue } from './value-types.ts';

/** A spine row as one view sees it: its values of the view's join keys, and the instant from which it looks back. */
export interface AsOfRow {
  readonly keys: readonly FeatureValue[];
  readonly asOfMicros: Micros | null;
}

/** A row of a view's source. Values are canonical, in the order of the view's features. */
export interface SourceRow {
  readonly keys: readonly FeatureValue[];
  readonly eventTimestampMicros: Micros | null;
  /** null: the source has no such column, or no value in it. */
  readonly createdTimestampMicros: Micros | null;
  readonly values: readonly FeatureValue[];
}

export type JoinRules = Pick<FeatureViewSnapshot, 'ttlSeconds' | 'asKnown'>;

/**
 * The point-in-time join as a definition: what every warehouse must give, whatever plan it runs. For each spine row, in order, the row of the source that it may use, or undefined.
 * - Same join keys; a missing key or instant never matches.
 * - Event timestamp not later than the as-of instant, and not older than ttl; both edges inside, to the microsecond.
 * - `asKnown`: created not later than the as-of instant; a row that does not say when it was created was never known.
 * - Of several rows the first by `compareNewestFirst`.
 */
export function pointInTimeJoin(rules: JoinRules, spine: readonly AsOfRow[], source: readonly SourceRow[]): (SourceRow | undefined)[] {
  const newestFirst = [...source].sort(compareNewestFirst);
  return spine.map((row) => newestFirst.find((candidate) => mayUse(rules, row, candidate)));
}

/** A ttl from here on counts as none in a warehouse's SQL: no event lies 3,000 years before an instant that can be asked about. In seconds. */
export const ENDLESS_TTL_SECONDS = 94_672_800_000;

/** Whether a value of that event timestamp may be used as of the instant, offline and online: it is not later, and not older than ttl (null: no limit); both edges inside. */
export function isWithinAge(ttlSeconds: number | null, eventTimestampMicros: Micros, asOfMicros: Micros): boolean {
  return eventTimestampMicros <= asOfMicros && (ttlSeconds === null || eventTimestampMicros >= asOfMicros - Math.round(ttlSeconds * MICROS_PER_SECOND));
}

/** Whether the spine row may use the source row. */
function mayUse({ ttlSeconds, asKnown }: JoinRules, { keys, asOfMicros }: AsOfRow, row: SourceRow): boolean {
  const { eventTimestampMicros, createdTimestampMicros } = row;
  if (asOfMicros === null || eventTimestampMicros === null || !isWithinAge(ttlSeconds, eventTimestampMicros, asOfMicros)) return false;
  if (asKnown && (createdTimestampMicros === null || createdTimestampMicros > asOfMicros)) return false;
  return keys.every((key, i) => key !== null && row.keys[i] !== null && compareValues(key, row.keys[i]!) === 0);
}

/**
 * Which of two rows of an entity is used: the greater event timestamp; then the greater created timestamp, a missing one last;
 * then the features in order, the smaller value first, missing ones last. Rows equal in all of these give the same values, but for the sign of a zero.
 */
export function compareNewestFirst(a: SourceRow, b: SourceRow): number {
  return compareNullsLast(b.eventTimestampMicros, a.eventTimestampMicros, -1)
    || compareNullsLast(b.createdTimestampMicros, a.createdTimestampMicros, -1)
    || a.values.reduce<number>((order, value, i) => order || compareNullsLast(value, b.values[i] ?? null, 1), 0);
}

/** `direction` -1: the arguments come swapped (descending), so missing values must be swapped back. */
function compareNullsLast(a: FeatureValue, b: FeatureValue, direction: 1 | -1): number {
  if (a === null || b === null) return a === b ? 0 : (a === null ? 1 : -1) * direction;
  return compareValues(a, b);
}

/** Order of two values of one type: numbers with NaN above all and equal to itself, false before true, text by code point, bytes by value, arrays element by element. */
export function compareValues(a: Exclude<FeatureValue, null>, b: Exclude<FeatureValue, null>): number {
  if (typeof a === 'object') return compareSequences(a as ArrayLike<ScalarValue>, b as ArrayLike<ScalarValue>);
  if (typeof a === 'string') return compareSequences([...a].map(codePoint), [...(b as string)].map(codePoint));
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  const [x, y] = [a as number | bigint | boolean, b as number | bigint | boolean];
  return x < y ? -1 : x > y ? 1 : 0;
}

function codePoint(character: string): number {
  return character.codePointAt(0)!;
}

function compareSequences(a: ArrayLike<ScalarValue>, b: ArrayLike<ScalarValue>): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const order = compareValues(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
