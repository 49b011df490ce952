import { PipelineError } from '../../domain/errors.ts';
import { canonicalize } from '../../domain/features/canonical.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import { elementType, type FeatureValue, type ScalarValue, type ValueType } from '../../domain/features/value-types.ts';
import { hasFourDigitYear } from '../../domain/four-digit-year.ts';
import { MICROS_PER_SECOND, parseInstant, type Micros } from '../../domain/instant.ts';
import { suggestion } from '../../domain/nearest.ts';
import { isAhead, type PushedRow, type PushedRows } from '../../domain/features/pushed-rows.ts';
import { toJson } from '../json.ts';
import { unprocessable, type BodyProblem } from './faults.ts';
import { readColumns, type ValueColumns } from './requests.ts';

export interface PushRules {
  /** When the request arrived. */
  readonly now: Micros;
  /** Whether a column that no view has is refused: it would be lost from the offline table without a word. */
  readonly refuseUnknown: boolean;
  /** Whether an event that has not happened yet is refused: the online store alone has no place where its row could wait. */
  readonly refuseAhead: boolean;
  /** Whether a text with U+0000 in it is refused: PostgreSQL, for one, does not store it. */
  readonly refuseZero: boolean;
}

/** Rows that one request may have. */
export const MOST_PUSHED_ROWS = 100_000;
/** A time before this is a mistake, such as seconds taken for milliseconds. */
const EARLIEST = parseInstant('1900-01-01T00:00:00Z')!;
/** How far ahead an event may be: beyond a day it is a mistake. */
const AHEAD_MICROS = 86_400 * MICROS_PER_SECOND;
const AHEAD = 'The event has not happened yet: online, its row would keep true values out until then, and would not be served itself. Push it with "to": "online_and_offline", which holds it until its time, or send it then.';
/** Problems that one answer lists. */
const MOST_PROBLEMS = 100;
/** Names that Feast's remote clients give these columns, whatever the source calls them. */
const EVENT_NAMES = ['event_timestamp'];
const CREATED_NAMES = ['created', 'created_timestamp'];

/** The rows of a data frame for each of the views, every value checked against its declared type. Throws a 422 with all problems by column and row; then nothing was written. */
export function readPushedRows(views: readonly FeatureViewSnapshot[], df: Readonly<Record<string, unknown>>, rules: PushRules): PushedRows[] {
  const { columns, problem } = readColumns(df);
  if (problem !== undefined) throw unprocessable([{ type: 'value_error', loc: ['body', 'df'], msg: `Value error, ${problem}`, input: {} }]);
  const rowCount = Object.values(columns)[0]?.length ?? 0;
  const problems = new ProblemList();
  if (rowCount > MOST_PUSHED_ROWS) problems.add(['df'], `${rowCount} rows are more than the ${MOST_PUSHED_ROWS} that go into one request; send several.`, null);
  const known = new Set<string>();
  const pushed = views.map((view) => ({ view, rows: viewRows(view, columns, rowCount, rules, problems, known) }));
  if (rules.refuseUnknown) for (const name of Object.keys(columns)) if (!known.has(name)) problems.add(['df', name], `No view of the push source has this column. ${suggestion(name, [...known])}`, null);
  problems.throwAny();
  return pushed;
}

class ProblemList {
  readonly #problems = new Map<string, BodyProblem>();
  #more = 0;

  /** The same problem of several views is one. */
  add(loc: readonly (string | number)[], msg: string, input: unknown): void {
    const key = `${loc.join('\n')}\n${msg}`;
    if (this.#problems.size >= MOST_PROBLEMS && !this.#problems.has(key)) this.#more++;
    else this.#problems.set(key, { type: 'value_error', loc: ['body', ...loc], msg: `Value error, ${msg}`, input });
  }

  throwAny(): void {
    if (this.#problems.size === 0) return;
    const more: BodyProblem[] = this.#more === 0 ? [] : [{ type: 'value_error', loc: ['body', 'df'], msg: `Value error, there are ${this.#more} more problems`, input: null }];
    throw unprocessable([...this.#problems.values(), ...more]);
  }
}

function viewRows({ joinKeys, features, source, name: viewName }: FeatureViewSnapshot, columns: ValueColumns, rowCount: number, rules: PushRules, problems: ProblemList, known: Set<string>): PushedRow[] {
  const sourceName = new Map(Object.entries(source.fieldMapping ?? {}).map(([column, feature]) => [feature, column]));
  const find = (names: readonly string[]): string | undefined => {
    for (const name of names) known.add(name);
    return names.find((name) => name in columns);
  };
  const valuesOf = (name: string, type: ValueType, nullable: boolean): readonly FeatureValue[] => {
    const column = find([sourceName.get(name) ?? name, name]);
    if (column !== undefined) return columns[column]!.map((raw, row) => checkedValue(type, raw, { nullable, refuseZero: rules.refuseZero }, ['df', column, row], problems));
    problems.add(['df', name], `Feature view ${viewName} needs this column. ${suggestion(name, Object.keys(columns))}`, null);
    return [];
  };
  const keys = joinKeys.map(({ name, type }) => valuesOf(name, type, false));
  const deletedColumn = source.deletedColumn === undefined ? undefined : find([source.deletedColumn]);
  const deleted = deletedColumn === undefined ? [] : columns[deletedColumn]!.map((raw, row) => checkedValue('Bool', raw, { nullable: true, refuseZero: false }, ['df', deletedColumn, row], problems) === true);
  const values = features.map(({ name, type }) => valuesOf(name, type, true));
  const eventColumn = find([source.timestampField, ...EVENT_NAMES]);
  if (eventColumn === undefined) problems.add(['df', source.timestampField], `Feature view ${viewName} needs this column: when each row became true. ${suggestion(source.timestampField, Object.keys(columns))}`, null);
  const createdColumn = find([...(source.createdTimestampColumn === undefined ? [] : [source.createdTimestampColumn]), ...CREATED_NAMES]);
  const instants = (column: string | undefined, isEvent: boolean): readonly (Micros | null)[] => {
    const limits = { now: rules.now, refuseAhead: isEvent && rules.refuseAhead };
    return column === undefined ? [] : columns[column]!.map((raw, row) => (raw === null && !isEvent ? null : checkedInstant(raw, limits, ['df', column, row], problems)));
  };
  const events = instants(eventColumn, true);
  const created = source.createdTimestampColumn === undefined ? [] : instants(createdColumn, false);
  return Array.from({ length: rowCount }, (_, row) => ({
    key: keys.map((column) => column[row] ?? null),
    values: values.map((column) => (deleted[row] === true ? null : (column[row] ?? null))),
    eventTimestampMicros: events[row] ?? 0,
    createdTimestampMicros: created[row] ?? null,
    deleted: deleted[row] === true,
  }));
}

function checkedValue(type: ValueType, raw: unknown, { nullable, refuseZero }: Pick<PushRules, 'refuseZero'> & { readonly nullable: boolean }, loc: readonly (string | number)[], problems: ProblemList): FeatureValue {
  try {
    const value = canonicalize(type, raw);
    if (value === null && !nullable) problems.add(loc, 'A join key may not be null.', null);
    const problem = storageProblem(type, value, refuseZero);
    if (problem !== undefined) problems.add(loc, problem, shown(raw));
    return value;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    problems.add(loc, error.message, shown(raw));
    return null;
  }
}

/** Why a canonical value cannot be kept in both stores. */
function storageProblem(type: ValueType, value: FeatureValue, refuseZero: boolean): string | undefined {
  if (value === null) return undefined;
  const element = elementType(type);
  const items = element === undefined ? [value as ScalarValue] : (value as readonly ScalarValue[]);
  if ((element ?? type) === 'UnixTimestamp' && !items.every((seconds) => hasFourDigitYear((seconds as number) * MICROS_PER_SECOND))) return 'The time is not within the years 1 to 9999; a number counts seconds since 1970.';
  return refuseZero && items.some((item) => typeof item === 'string' && item.includes('\0')) ? 'The text holds the character U+0000, which the warehouse does not store.' : undefined;
}

/** Only text: of a number nobody can tell whether it counts seconds, milliseconds or nanoseconds. */
function checkedInstant(raw: unknown, { now, refuseAhead }: Pick<PushRules, 'now' | 'refuseAhead'>, loc: readonly (string | number)[], problems: ProblemList): Micros {
  const micros = typeof raw === 'string' ? parseInstant(raw) : undefined;
  if (micros === undefined) problems.add(loc, 'This is not an instant such as "2026-11-23T10:00:00Z" (without a zone: UTC).', shown(raw));
  else if (micros < EARLIEST) problems.add(loc, 'The instant is before 1900.', raw);
  else if (micros > now + AHEAD_MICROS) problems.add(loc, 'The instant is more than a day ahead.', raw);
  else if (refuseAhead && isAhead(micros, now)) problems.add(loc, AHEAD, raw);
  return micros ?? 0;
}

/** The value as far as an answer may repeat it. */
function shown(raw: unknown): unknown {
  const text = toJson(raw);
  return text.length > 100 ? `${text.slice(0, 97)}...` : raw;
}
