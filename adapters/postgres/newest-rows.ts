import type pg from 'pg';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { NewestRowsRequest } from '../../ports/warehouse.ts';
import type { CopyColumn } from './copy-decoder.ts';
import { describePostgresTable } from './describe.ts';
import { quoteTable } from './pool.ts';
import { comparable, instantLiteral, wholeNumberLiteral } from './sql.ts';
import { bindView, instantFor, newestFirst } from './view-source.ts';
import type { ViewSource } from './view-source.ts';

/** The query of Warehouse.newestRows and the columns that it gives. */
export async function planNewestRows(pool: pg.Pool, request: NewestRowsRequest): Promise<{ readonly columns: readonly CopyColumn[]; readonly select: string }> {
  const { index, count } = request.slice;
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(index) || count < 1 || index < 0 || index >= count) {
    throw new PipelineError('INVALID_INPUT', `Slice ${index} of ${count} does not exist: slices are numbered from 0.`);
  }
  const source = await sourceOf(pool, request);
  const { joinKeys, features, eventTimestamp, createdTimestamp } = source;
  const instant = (name: string, value: string): CopyColumn & { value: string } => ({ name, type: 'Timestamp', wire: 'timestamptz', value });
  const columns = [
    ...joinKeys, ...features,
    instant('event_timestamp', eventTimestamp.value),
    instant('created_timestamp', createdTimestamp?.value ?? 'NULL::timestamptz'),
  ];
  const keys = joinKeys.map((key) => (key.type === 'UnixTimestamp' ? key.value : comparable(key.family, key.raw))).join(', '); // one row per second, as the online key has it
  const select = `SELECT DISTINCT ON (${keys}) ${columns.map(({ value }) => value).join(', ')}
    FROM ${quoteTable(request.view.source.table)} AS f
    WHERE ${[...windowConditions(source, request), ...sliceConditions(source, index, count)].join(' AND ')}
    ORDER BY ${keys}, ${newestFirst(source)}`;
  return { columns: columns.map(({ name, type, wire }) => ({ name, type, wire })), select };
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
  const { source, problems } = bindView(view, await describePostgresTable(pool, view.source.table));
  refuseProblems('INVALID_DEFINITION', `Feature view ${view.name} does not fit its table.`, problems);
  return source!;
}

/** Rows of the window that a join at its end could use: known by then. A row without created timestamp counts as known, except for a view that is read as known. */
function windowConditions({ view, joinKeys, eventTimestamp, createdTimestamp }: ViewSource, { startMicros, endMicros }: Pick<NewestRowsRequest, 'startMicros' | 'endMicros'>): string[] {
  const [start, end] = [instantLiteral(startMicros), instantLiteral(endMicros)];
  const created = createdTimestamp === undefined ? [] : [`${createdTimestamp.raw} <= ${instantFor(createdTimestamp, end)}`];
  return [
    `${eventTimestamp.raw} >= ${instantFor(eventTimestamp, start)}`,
    `${eventTimestamp.raw} <= ${instantFor(eventTimestamp, end)}`,
    ...joinKeys.map((key) => `${key.raw} IS NOT NULL`),
    ...created.map((condition) => (view.asKnown ? condition : `(${condition} OR ${createdTimestamp!.raw} IS NULL)`)),
  ];
}

/** Each key's text with its length before it, so that ('1', '1x') and ('11', 'x') differ. */
function sliceConditions({ joinKeys }: ViewSource, index: number, count: number): string[] {
  if (count === 1) return [];
  const [i, n] = [wholeNumberLiteral(index), wholeNumberLiteral(count)];
  const text = joinKeys.map(({ value }) => `length((${value})::text)::text || ':' || (${value})::text`).join(" || ',' || ");
  return [`((hashtextextended(${text}, 0) % ${n}) + ${n}) % ${n} = ${i}`];
}
