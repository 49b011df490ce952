import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import type { ColumnSchema } from '../../domain/data/columns.ts';
import { ENDLESS_TTL_SECONDS } from '../../domain/features/point-in-time.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';
import type { HistoricalFeaturesRequest } from '../../ports/warehouse.ts';
import type { BoundKey, BoundView } from './bind-join.ts';
import { WIRE_TYPES } from './column-types.ts';
import type { CopyColumn } from './copy-decoder.ts';
import { quoteIdentifier, quoteTable } from './pool.ts';
import { hasPointInTimeIndex, indexedCopy, rowsApart, type RowsApart } from './source-index.ts';
import { wholeNumberLiteral } from './sql.ts';
import { instantFor, newestFirst } from './view-source.ts';

/** Row numbers of the spine: from the first one on, or up to another one that is not of them any more. */
export interface RowRange {
  readonly from: number;
  readonly to?: number;
}

export interface LateralPlan {
  readonly columns: readonly CopyColumn[];
  /** Settings of the transaction. */
  readonly before: readonly string[];
  /** Statements that copy into temporary tables what has no index. */
  readonly copies: readonly string[];
  /** The query that joins these rows of the spine. */
  select(rows: RowRange): string;
}

/** A view's part of the join, with the table to read: the source, or an indexed copy of it. */
interface ViewJoin extends BoundView {
  readonly table: string;
  readonly alias: string;
  readonly apart: RowsApart;
}

/**
 * The planner takes a lookup for one row (it cannot know how many lie within a ttl), so it would read them all and sort; without that choice it walks the index and stops at the first.
 * Compiling (JIT) and remembering results (memoize) cost more than they save on lookups that hardly repeat. docs/adr/0005-point-in-time-join.md has the figures.
 */
const PLANNER_SETTINGS = ['SET LOCAL jit = off', 'SET LOCAL enable_sort = off', 'SET LOCAL enable_memoize = off'];

/** The columns that a join gives: those of the spine, then the selected features. */
export function joinedColumns({ spine, selection }: HistoricalFeaturesRequest, views: readonly BoundView[]): { readonly spine: readonly CopyColumn[]; readonly features: readonly CopyColumn[] } {
  const features = new Map(views.flatMap(({ source: { view }, selected }) => selected.map(({ column, feature: { type, wire } }) => [column, { name: column, type, wire, view: view.name }])));
  return { spine: spine.schema.map(({ name, type }: ColumnSchema) => ({ name, type, wire: WIRE_TYPES[type] })), features: selection.columns.map(({ column }) => features.get(column)!) };
}

/** The strategy `warehouse`: for each spine row and view one index lookup of the newest row (LATERAL ... LIMIT 1). docs/adr/0005-point-in-time-join.md says why. */
export async function planLateralJoin(client: pg.PoolClient, request: HistoricalFeaturesRequest, views: readonly BoundView[]): Promise<LateralPlan> {
  const copies: string[] = [];
  const joins: ViewJoin[] = [];
  for (const [i, view] of views.entries()) {
    const indexed = await hasPointInTimeIndex(client, view.source);
    const apart = await rowsApart(client, view.source);
    const copy = `pg_temp.source_${i}_${randomBytes(4).toString('hex')}`;
    if (!indexed) copies.push(...indexedCopy(view.source, copy));
    joins.push({ ...view, table: indexed ? view.source.view.source.table : copy, alias: `v${i}`, apart });
  }
  const { spine, features } = joinedColumns(request, joins);
  return { before: PLANNER_SETTINGS, copies, columns: [...spine, ...features], select: (rows) => compose(request, joins, rows) };
}

function compose(request: HistoricalFeaturesRequest, joins: readonly ViewJoin[], { from, to }: RowRange): string {
  const { spine, features } = joinedColumns(request, joins);
  const time = `s.${quoteIdentifier(request.timestampColumn)}`;
  const places = new Map(joins.flatMap(({ alias, selected }) => selected.map(({ column }, i) => [column, `${alias}.c${i}`])));
  const values = [...spine.map(({ name }) => `s.${quoteIdentifier(name)}`), ...features.map(({ name }) => places.get(name)!)];
  const rows = [...(from === 0 ? [] : [`s.${ROW_NUMBER} >= ${wholeNumberLiteral(from)}`]), ...(to === undefined ? [] : [`s.${ROW_NUMBER} < ${wholeNumberLiteral(to)}`])];
  return [
    `SELECT ${values.join(', ')}`,
    `FROM ${quoteTable(request.spine.table)} AS s`,
    ...joins.map((join) => lateral(join, time)),
    ...(rows.length === 0 ? [] : [`WHERE ${rows.join(' AND ')}`]),
    `ORDER BY s.${ROW_NUMBER}`,
  ].join('\n');
}

function lateral({ source, table, alias, selected, keys, apart }: ViewJoin, time: string): string {
  const { view, eventTimestamp, createdTimestamp } = source;
  const asOf = instantFor(eventTimestamp, time);
  const endless = view.ttlSeconds === null || view.ttlSeconds >= ENDLESS_TTL_SECONDS;
  const oldest = endless ? [] : [`${eventTimestamp.raw} >= ${asOf} - interval '${String(BigInt(Math.round(view.ttlSeconds * MICROS_PER_SECOND)))} microseconds'`];
  const known = view.asKnown && createdTimestamp !== undefined ? [`${createdTimestamp.raw} <= ${instantFor(createdTimestamp, time)}`] : [];
  return `LEFT JOIN LATERAL (
    SELECT ${selected.map(({ feature }, i) => `${feature.value} AS c${i}`).join(', ')} FROM ${quoteTable(table)} AS f
    WHERE ${[...keys.map(keyCondition), `${eventTimestamp.raw} <= ${asOf}`, ...oldest, ...known].join(' AND ')}
    ORDER BY ${newestFirst(source, apart)} LIMIT 1
  ) AS ${alias} ON true`;
}

/** Equal canonical values. The source's column stays bare, so that its index can be used; text and whole numbers compare as they are. */
function keyCondition({ key, spine }: BoundKey): string {
  const sql = `s.${quoteIdentifier(spine.name)}`;
  if (spine.family === 'timestamptz') {
    const second = `date_trunc('second', ${sql})`; // a key of time counts in whole seconds
    return `${key.raw} >= ${instantFor(key, second)} AND ${key.raw} < ${instantFor(key, `(${second} + interval '1 second')`)}`;
  }
  // Spines hold text. What is no uuid in its one canonical form matches none, and must not be cast; a char(n) would ignore blanks at the end.
  if (key.family === 'uuid') return `${key.raw} = CASE WHEN ${sql} ~ '${UUID}' THEN ${sql}::uuid END`;
  if (key.family === 'bpchar') return `${key.raw} = ${sql}::bpchar AND ${key.value} = ${sql}`;
  return `${key.raw} = ${sql}`;
}

const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
