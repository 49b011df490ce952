import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import { BEGINNING, EARLIEST } from '../../domain/instant.ts';
import type { NewestRowsRequest, RowStream } from '../../ports/warehouse.ts';
import type { ReadColumn } from './arrow-columns.ts';
import type { BigQueryConnection } from './connection.ts';
import { describeBigQueryTable } from './describe.ts';
import { dryRun } from './dry-run.ts';
import { newestFirst } from './join-sql.ts';
import { later, notEarlier, notLater } from './join-window.ts';
import { runForRows } from './result-rows.ts';
import { tableMetadata } from './run-query.ts';
import { instantLiteral, quoteTableId, tableId, wholeNumberLiteral } from './sql.ts';
import { bindSource, keyValue } from './view-source.ts';
import type { SourceColumn, ViewSource } from './view-source.ts';

type Window = Omit<NewestRowsRequest, 'slice' | 'view' | 'signal'>;

/** Warehouse.newestRows: the query has run when this resolves. */
export async function newestRows(connection: BigQueryConnection, request: NewestRowsRequest): Promise<RowStream> {
  const { index, count } = request.slice;
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(index) || count < 1 || index < 0 || index >= count) {
    throw new PipelineError('INVALID_INPUT', `Slice ${index} of ${count} does not exist: slices are numbered from 0.`);
  }
  const { view, step, signal } = request;
  const source = await sourceOf(connection, request);
  const { sql, columns } = newestQuery(source, quoteTableId(tableId(connection.settings, view.source.table)), request);
  const rows = Math.ceil((await countRows(connection, source, request)) / count);
  const { batches } = await runForRows(connection, { sql, columns, doing: `reading the newest rows of ${view.name}`, step, rows, signal });
  return { schema: columns.map(({ name, type }) => ({ name, type })), batches };
}

/** Warehouse.estimateRows: what BigQuery says of the query without running it; nothing is billed. */
export async function estimateRows(connection: BigQueryConnection, request: Omit<NewestRowsRequest, 'slice'>): Promise<number> {
  return countRows(connection, await sourceOf(connection, request), request);
}

/** An instant takes eight bytes, and a dry run tells how many bytes of the window's partitions the query would read; where it tells of none, the table's own number of rows counts. */
async function countRows(connection: BigQueryConnection, { view, eventTimestamp }: ViewSource, { startMicros, endMicros }: Window): Promise<number> {
  const table = tableId(connection.settings, view.source.table);
  const sql = `SELECT ${eventTimestamp.raw} AS e FROM ${quoteTableId(table)} AS f WHERE ${windowOf(eventTimestamp, startMicros, endMicros).join(' AND ')}`;
  const { bytes } = await dryRun(connection, { sql, step: `estimating the rows of ${view.name}` });
  return bytes > 0 ? Math.ceil(bytes / 8) : Number((await tableMetadata(connection, table))?.numRows ?? 0);
}

async function sourceOf(connection: BigQueryConnection, { view }: Pick<NewestRowsRequest, 'view'>): Promise<ViewSource> {
  const { source, problems } = bindSource(view, await describeBigQueryTable(connection, view.source.table));
  refuseProblems('INVALID_DEFINITION', `Feature view ${view.name} does not fit its table.`, problems);
  return source!;
}

/** The query of the newest row of each entity, numbered in the order of the join keys. */
export function newestQuery(source: ViewSource, table: string, request: NewestRowsRequest): { readonly sql: string; readonly columns: readonly ReadColumn[] } {
  const { view, joinKeys, features, eventTimestamp, createdTimestamp } = source;
  const early = instantLiteral(EARLIEST);
  const created = createdTimestamp === undefined ? 'CAST(NULL AS TIMESTAMP)' : `GREATEST(${createdTimestamp.value}, ${early})`;
  const read = ({ name, type }: SourceColumn, source: string): ReadColumn => ({ name, type, source, view: view.name, ...(type.startsWith('Array(') ? { present: `${source}_present` } : {}) });
  const columns = [
    ...joinKeys.map((key, i) => ({ read: read(key, `k${i}`), value: key.value })),
    ...features.map((feature, i) => ({ read: read(feature, `f${i}`), value: feature.value })),
    { read: { name: 'event_timestamp', type: 'Timestamp', source: 'e' } as const, value: `GREATEST(${eventTimestamp.value}, ${early})` },
    { read: { name: 'created_timestamp', type: 'Timestamp', source: 'c' } as const, value: created },
  ];
  const values = columns.flatMap(({ read: { source: name, present }, value }: { readonly read: ReadColumn; readonly value: string }) => [`${value} AS ${name}`, ...(present === undefined ? [] : [`${value} IS NOT NULL AS ${present}`])]);
  const keys = joinKeys.map(keyValue);
  const sortKeys = keys.map((key, i) => `${key} AS sort${i}`);
  const names = columns.flatMap(({ read: { source: name, present } }: { readonly read: ReadColumn }) => (present === undefined ? [name] : [name, present]));
  const entity = keys.length === 0 ? '' : `PARTITION BY ${keys.join(', ')} `;
  const order = keys.length === 0 ? 'e' : keys.map((_, i) => `sort${i}`).join(', ');
  return {
    columns: columns.map((column) => column.read),
    sql: `SELECT ROW_NUMBER() OVER (ORDER BY ${order}) - 1 AS ${ROW_NUMBER}, ${names.join(', ')} FROM (
  SELECT ${[...sortKeys, ...values].join(', ')}
  FROM ${table} AS f
  WHERE ${[...windowConditions(source, request), ...sliceConditions(keys, joinKeys, request.slice)].join(' AND ')}
  QUALIFY ROW_NUMBER() OVER (${entity}ORDER BY ${newestFirst(source)}) = 1
)`,
  };
}

function windowOf(eventTimestamp: SourceColumn, startMicros: number, endMicros: number): string[] {
  return [...(startMicros <= BEGINNING ? [] : notEarlier(eventTimestamp, startMicros)), notLater(eventTimestamp, endMicros)];
}

/**
 * Rows of the window that a join at its end could use: known by then. A row without created timestamp counts as known, except for a view that is read as known.
 * Incremental: of these, the rows that such a join at the earlier instant could not have used.
 */
function windowConditions({ view, joinKeys, eventTimestamp, createdTimestamp }: ViewSource, { startMicros, endMicros, knownByMicros = endMicros, visibleAfterMicros }: Window): string[] {
  const known = createdTimestamp === undefined ? [] : [notLater(createdTimestamp, knownByMicros)];
  const dated = [eventTimestamp, ...(createdTimestamp === undefined ? [] : [createdTimestamp])];
  return [
    ...windowOf(eventTimestamp, startMicros, endMicros),
    ...joinKeys.map(({ raw, type, family }) => (type === 'UnixTimestamp' && family === 'int64' ? `${raw} > -9223372036854775808` : `${raw} IS NOT NULL`)), // the smallest number is "not a time"
    ...known.map((condition) => (view.asKnown ? condition : `(${condition} OR ${createdTimestamp!.raw} IS NULL)`)),
    ...(visibleAfterMicros === undefined ? [] : [`(${dated.map((column) => later(column, visibleAfterMicros)).join(' OR ')})`]),
  ];
}

/** A hash of all join keys decides the slice. */
function sliceConditions(keys: readonly string[], joinKeys: readonly SourceColumn[], { index, count }: NewestRowsRequest['slice']): string[] {
  if (count === 1) return [];
  if (keys.length === 0) return [index === 0 ? 'TRUE' : 'FALSE']; // one entity, in one slice
  const texts = keys.map((key, i) => (joinKeys[i]!.type === 'Bytes' ? `TO_HEX(${key})` : `CAST(${key} AS STRING)`));
  const text = texts.length === 1 ? texts[0]! : `CONCAT(${texts.join(", '|', ")})`;
  return [`MOD(FARM_FINGERPRINT(${text}) & 9223372036854775807, ${wholeNumberLiteral(count)}) = ${wholeNumberLiteral(index)}`];
}
