import type pg from 'pg';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import { BEGINNING, type Micros } from '../../domain/instant.ts';
import type { NewestRowsRequest } from '../../ports/warehouse.ts';
import type { CopyColumn } from './copy-decoder.ts';
import { describePostgresTable } from './describe.ts';
import { quoteTable } from './pool.ts';
import { comparable, instantLiteral, notBeforeEarliest, wholeNumberLiteral } from './sql.ts';
import { bindSource, instantFor, newestFirst } from './view-source.ts';
import type { SourceColumn, ViewSource } from './view-source.ts';

type Window = Omit<NewestRowsRequest, 'slice' | 'view' | 'signal'>;

/** The query of Warehouse.newestRows and the columns that it gives. */
export async function planNewestRows(pool: pg.Pool, request: NewestRowsRequest): Promise<{ readonly columns: readonly CopyColumn[]; readonly before: readonly string[]; readonly select: string }> {
  const { index, count } = request.slice;
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(index) || count < 1 || index < 0 || index >= count) {
    throw new PipelineError('INVALID_INPUT', `Slice ${index} of ${count} does not exist: slices are numbered from 0.`);
  }
  const source = await sourceOf(pool, request);
  const { joinKeys, features, eventTimestamp, createdTimestamp } = source;
  const instant = (name: string, value: string): CopyColumn & { value: string } => ({ name, type: 'Timestamp', wire: 'timestamptz', value });
  const columns = [
    ...joinKeys, ...features,
    instant('event_timestamp', notBeforeEarliest(eventTimestamp.value)),
    instant('created_timestamp', createdTimestamp === undefined ? 'NULL::timestamptz' : notBeforeEarliest(createdTimestamp.value)),
  ];
  const keys = joinKeys.map((key) => (key.type === 'UnixTimestamp' ? key.value : comparable(key.family, key.raw))).join(', '); // one row per second, as the online key has it
  const isOneEntity = joinKeys.length === 0; // a view without entities: its newest row is all of it
  const select = `SELECT ${isOneEntity ? '' : `DISTINCT ON (${keys}) `}${columns.map(({ value }) => value).join(', ')}
    FROM ${quoteTable(request.view.source.table)} AS f
    WHERE ${[...windowConditions(source, request), ...sliceConditions(source, index, count)].join(' AND ')}
    ORDER BY ${isOneEntity ? `${newestFirst(source)} LIMIT 1` : `${keys}, ${newestFirst(source)}`}`;
  // Compiling the query takes longer than it saves: a slice is read in a second or two.
  return { columns: columns.map(({ name, type, wire }) => ({ name, type, wire, view: request.view.name })), before: ['SET LOCAL jit = off'], select };
}

/** The planner's estimate: no row is read. */
export async function estimateRows(pool: pg.Pool, request: Omit<NewestRowsRequest, 'slice'>): Promise<number> {
  const source = await sourceOf(pool, request);
  const { rows } = await pool.query<{ 'QUERY PLAN': readonly { readonly Plan: { readonly 'Plan Rows': number } }[] }>(
    `EXPLAIN (FORMAT JSON) SELECT 1 FROM ${quoteTable(request.view.source.table)} AS f WHERE ${windowConditions(source, request).join(' AND ')}`,
  );
  return rows[0]!['QUERY PLAN'][0]!.Plan['Plan Rows'];
}

async function sourceOf(pool: pg.Pool, { view }: Pick<NewestRowsRequest, 'view'>): Promise<ViewSource> {
  const { source, problems } = bindSource(view, await describePostgresTable(pool, view.source.table));
  refuseProblems('INVALID_DEFINITION', `Feature view ${view.name} does not fit its table.`, problems);
  return source!;
}

/**
 * Rows of the window that a join at its end could use: known by then. A row without created timestamp counts as known, except for a view that is read as known.
 * Incremental: of these, the rows that such a join at the earlier instant could not have used.
 */
function windowConditions({ view, joinKeys, eventTimestamp, createdTimestamp }: ViewSource, { startMicros, endMicros, knownByMicros = endMicros, visibleAfterMicros }: Window): string[] {
  const later = (column: SourceColumn, micros: Micros): string => `${column.raw} > ${instantFor(column, instantLiteral(micros))}`;
  const created = createdTimestamp === undefined ? [] : [`${createdTimestamp.raw} <= ${instantFor(createdTimestamp, instantLiteral(knownByMicros))}`];
  const arrived = visibleAfterMicros === undefined ? [] : [[eventTimestamp, ...(createdTimestamp === undefined ? [] : [createdTimestamp])].map((column) => later(column, visibleAfterMicros)).join(' OR ')];
  return [
    ...(startMicros <= BEGINNING ? [] : [`${eventTimestamp.raw} >= ${instantFor(eventTimestamp, instantLiteral(startMicros))}`]),
    `${eventTimestamp.raw} <= ${instantFor(eventTimestamp, instantLiteral(endMicros))}`,
    ...joinKeys.map((key) => `${key.type === 'UnixTimestamp' ? key.value : key.raw} IS NOT NULL`),
    ...created.map((condition) => (view.asKnown ? condition : `(${condition} OR ${createdTimestamp!.raw} IS NULL)`)),
    ...arrived.map((condition) => `(${condition})`),
  ];
}

/** A hash of all join keys, each one's seeded with that of those before it, decides the slice: cheap enough to compute for every row of the table. */
function sliceConditions({ joinKeys }: ViewSource, index: number, count: number): string[] {
  if (count === 1) return [];
  const hash = joinKeys.reduce((seed, key) => hashOf(key, seed), '0');
  return [`(${hash} & 9223372036854775807) % ${wholeNumberLiteral(count)} = ${wholeNumberLiteral(index)}`];
}

function hashOf({ type, value }: SourceColumn, seed: string): string {
  if (type === 'String') return `hashtextextended((${value}) COLLATE "C", ${seed})`;
  return type === 'Bytes' ? `hashtextextended(encode(${value}, 'hex'), ${seed})` : `hashint8extended(${value}, ${seed})`;
}
