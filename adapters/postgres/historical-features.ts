import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { ColumnSchema } from '../../domain/data/columns.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { HistoricalFeaturesRequest } from '../../ports/warehouse.ts';
import { WIRE_TYPES } from './column-types.ts';
import type { NativeColumn } from './column-types.ts';
import type { CopyColumn } from './copy-decoder.ts';
import { describePostgresTable } from './describe.ts';
import { withClient, quoteIdentifier, quoteTable } from './pool.ts';
import { ROW_NUMBER } from './spine.ts';
import { wholeNumberLiteral } from './sql.ts';
import { hasPointInTimeIndex, indexedCopy } from './source-index.ts';
import { bindView, instantFor, newestFirst } from './view-source.ts';
import type { SourceColumn, ViewSource } from './view-source.ts';

export interface HistoricalQuery {
  readonly columns: readonly CopyColumn[];
  readonly before: readonly string[];
  readonly select: string;
}

/** A view's part of the join. */
interface ViewJoin {
  readonly source: ViewSource;
  /** The table to read: the source, or an indexed copy of it. */
  readonly table: string;
  readonly alias: string;
  readonly columns: readonly { readonly column: string; readonly feature: SourceColumn }[];
}

/**
 * The planner takes a lookup for one row (it cannot know how many lie within a ttl), so it would read them all and sort; without that choice it walks the index and stops at the first.
 * Compiling (JIT) and remembering results (memoize) cost more than they save on lookups that hardly repeat. docs/adr/0005-point-in-time-join.md has the figures.
 */
const PLANNER_SETTINGS = ['SET LOCAL jit = off', 'SET LOCAL enable_sort = off', 'SET LOCAL enable_memoize = off'];

/** A ttl beyond this has no effect: no event lies that far back. 3,000 years in seconds. */
const ENDLESS_SECONDS = 94_672_800_000;

/**
 * Plans Warehouse.historicalFeatures: for each spine row and view one index lookup of the newest row (LATERAL ... LIMIT 1). docs/adr/0005-point-in-time-join.md says why.
 * All that does not fit between selection, spine and tables is refused at once.
 */
export function planHistoricalFeatures(pool: pg.Pool, request: HistoricalFeaturesRequest): Promise<HistoricalQuery> {
  return withClient(pool, async (client) => {
    const spineColumns = await spineSchema(client, request);
    const problems: Problem[] = [...outputProblems(request, spineColumns)];
    const joins: ViewJoin[] = [];
    const before = [...PLANNER_SETTINGS];
    for (const [i, view] of request.selection.views.entries()) {
      const selected = request.selection.columns.filter((column) => column.view === view.name);
      if (selected.length === 0) continue;
      const tableColumns = await describePostgresTable(client, view.source.table);
      const bound = bindView(view, tableColumns);
      problems.push(...bound.problems);
      if (bound.source === undefined) continue;
      problems.push(...joinKeyProblems(bound.source, spineColumns));
      const columns = selected.flatMap(({ column, feature }) => bound.source!.features.filter(({ name }) => name === feature).map((found) => ({ column, feature: found })));
      const indexed = await hasPointInTimeIndex(client, bound.source);
      const copy = `pg_temp.source_${i}_${randomBytes(4).toString('hex')}`;
      if (!indexed) before.push(...indexedCopy(bound.source, copy));
      joins.push({ source: bound.source, table: indexed ? view.source.table : copy, alias: `v${i}`, columns });
    }
    refuseProblems('INVALID_DEFINITION', 'The training set cannot be built.', problems);
    return { before, ...compose(request, spineColumns, joins) };
  });
}

async function spineSchema(client: pg.PoolClient, request: HistoricalFeaturesRequest): Promise<readonly NativeColumn[]> {
  try {
    return await describePostgresTable(client, request.spine.table);
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'NOT_FOUND') throw error;
    throw new PipelineError('NOT_FOUND', `The spine ${request.spine.table} does not exist (any more): spines expire. Start the run again.`, { cause: error });
  }
}

/** Every selected feature must exist, and its column be free; the spine must have what its reference says. */
function outputProblems(request: HistoricalFeaturesRequest, spineColumns: readonly NativeColumn[]): Problem[] {
  const { spine, selection, timestampColumn } = request;
  const taken = new Set(spine.schema.map((column) => column.name));
  const problems: Problem[] = spine.schema.filter(({ name, type }) => spineColumns.find((column) => column.name === name)?.type !== (type === 'UnixTimestamp' ? 'Int64' : type))
    .map(({ name, type }) => ({ path: `spine column ${name}`, message: `table ${spine.table} does not have it as ${type}.`, cure: 'The table was replaced: start the run again.' }));
  if (spine.schema.find((column) => column.name === timestampColumn)?.type !== 'Timestamp') {
    problems.push({ path: 'timestamp_column', message: `the spine has no timestamp column "${timestampColumn}".`, cure: suggestion(timestampColumn, [...taken]) });
  }
  for (const { view, feature, column } of selection.columns) {
    const snapshot = selection.views.find(({ name }) => name === view);
    if (snapshot === undefined) problems.push({ path: `${view}:${feature}`, message: `there is no feature view "${view}".`, cure: suggestion(view, selection.views.map(({ name }) => name)) });
    else if (!snapshot.features.some(({ name }) => name === feature)) problems.push({ path: `${view}:${feature}`, message: `the view has no feature "${feature}".`, cure: suggestion(feature, snapshot.features.map(({ name }) => name)) });
    if (taken.has(column)) problems.push({ path: `${view}:${feature}`, message: `the column name "${column}" is taken already.`, cure: 'Rename the column of the spine, or the feature.' });
    taken.add(column);
  }
  return problems;
}

const COMPARABLE = { text: 'text', othertext: 'text', bpchar: 'text', uuid: 'text', int: 'integer', int8: 'integer', bytea: 'bytes', timestamptz: 'instant', timestamp: 'instant', date: 'instant' } as Readonly<Record<string, string>>;

function joinKeyProblems({ view, joinKeys }: ViewSource, spineColumns: readonly NativeColumn[]): Problem[] {
  return joinKeys.flatMap(({ name, family }) => {
    const path = `feature view ${view.name}, join key ${name}`;
    const column = spineColumns.find((candidate) => candidate.name === name);
    if (column === undefined) return [{ path, message: 'the spine has no such column.', cure: suggestion(name, spineColumns.map((c) => c.name).filter((c) => c !== ROW_NUMBER)) }];
    const fits = COMPARABLE[family] !== undefined && COMPARABLE[family] === COMPARABLE[column.family ?? ''];
    return fits ? [] : [{ path, message: `it is ${column.nativeType} in the spine, which does not compare with ${view.source.table}.`, cure: "Cast it in the loader's SQL." }];
  });
}

function compose(request: HistoricalFeaturesRequest, spineColumns: readonly NativeColumn[], joins: readonly ViewJoin[]): Pick<HistoricalQuery, 'columns' | 'select'> {
  const spine = request.spine.schema.map((column: ColumnSchema) => ({ ...column, wire: WIRE_TYPES[column.type], sql: `s.${quoteIdentifier(column.name)}` }));
  const features = request.selection.columns.map(({ view, column }) => {
    const join = joins.find(({ source }) => source.view.name === view)!;
    const { feature } = join.columns.find((candidate) => candidate.column === column)!;
    return { name: column, type: feature.type, wire: feature.wire, sql: `${join.alias}.c${join.columns.findIndex((candidate) => candidate.column === column)}` };
  });
  const all = [...spine, ...features];
  const time = `s.${quoteIdentifier(request.timestampColumn)}`;
  const select = [
    `SELECT ${all.map(({ sql }) => sql).join(', ')}`,
    `FROM ${quoteTable(request.spine.table)} AS s`,
    ...joins.map((join) => lateral(join, time, spineColumns)),
    `ORDER BY s.${ROW_NUMBER}`,
  ].join('\n');
  return { columns: all.map(({ name, type, wire }) => ({ name, type, wire })), select };
}

function lateral({ source, table, alias, columns }: ViewJoin, time: string, spineColumns: readonly NativeColumn[]): string {
  const { view, joinKeys, eventTimestamp, createdTimestamp } = source;
  const asOf = instantFor(eventTimestamp, time);
  const endless = view.ttlSeconds === null || view.ttlSeconds >= ENDLESS_SECONDS;
  const oldest = endless ? [] : [`${eventTimestamp.raw} >= ${asOf} - interval '${wholeNumberLiteral(Math.round(view.ttlSeconds * MICROS_PER_SECOND))} microseconds'`];
  const known = view.asKnown && createdTimestamp !== undefined ? [`${createdTimestamp.raw} <= ${instantFor(createdTimestamp, time)}`] : [];
  const keys = joinKeys.map((key) => keyCondition(key, spineColumns));
  return `LEFT JOIN LATERAL (
    SELECT ${columns.map(({ feature }, i) => `${feature.value} AS c${i}`).join(', ')} FROM ${quoteTable(table)} AS f
    WHERE ${[...keys, `${eventTimestamp.raw} <= ${asOf}`, ...oldest, ...known].join(' AND ')}
    ORDER BY ${newestFirst(source)} LIMIT 1
  ) AS ${alias} ON true`;
}

/** Equal canonical values. The source's column stays bare, so that its index can be used; text and whole numbers compare as they are. */
function keyCondition(key: SourceColumn, spineColumns: readonly NativeColumn[]): string {
  const sql = `s.${quoteIdentifier(key.name)}`;
  if (spineColumns.find((column) => column.name === key.name)?.family === 'timestamptz') {
    const second = `date_trunc('second', ${sql})`; // a key of time counts in whole seconds
    return `${key.raw} >= ${instantFor(key, second)} AND ${key.raw} < ${instantFor(key, `(${second} + interval '1 second')`)}`;
  }
  // Spines hold text. What is no uuid in its one canonical form matches none, and must not be cast; a char(n) would ignore blanks at the end.
  if (key.family === 'uuid') return `${key.raw} = CASE WHEN ${sql} ~ '${UUID}' THEN ${sql}::uuid END`;
  if (key.family === 'bpchar') return `${key.raw} = ${sql}::bpchar AND ${key.value} = ${sql}`;
  return `${key.raw} = ${sql}`;
}

const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
