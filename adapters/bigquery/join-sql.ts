import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';
import type { Micros } from '../../domain/instant.ts';
import { ENDLESS_TTL_SECONDS } from '../../domain/features/point-in-time.ts';
import { selectedName } from '../../domain/features/snapshot.ts';
import type { HistoricalFeaturesRequest } from '../../ports/warehouse.ts';
import type { ReadColumn } from './arrow-columns.ts';
import type { BoundView } from './join-bind.ts';
import { notEarlier, notLater } from './join-window.ts';
import { ascending, descending } from './order.ts';
import type { OrderTerm } from './order.ts';
import { quoteIdentifier } from './sql.ts';
import { keyValue } from './view-source.ts';

/** The first and the last instant of a spine. */
export interface SpineWindow {
  readonly first: Micros;
  readonly last: Micros;
}

export interface JoinQuery {
  readonly sql: string;
  /** The columns of the result, in the order of the training set. */
  readonly columns: readonly ReadColumn[];
}

/**
 * The point-in-time join of all views as one query (docs/adr/0024-reads-from-bigquery.md). Of each view, the rows of the source that the spine's instants can need and the
 * rows of the spine are put into one sequence for each entity, in the order of time, and each row of the spine takes the last row of the source before it: one sort, each table read
 * once, no pair of rows is made. `spine` is the spine's table in SQL, `tableOf` that of a source. The result's names are our own, since BigQuery's may hold fewer characters than ours.
 * `window` undefined: the spine has no instants.
 */
export function joinQuery(request: HistoricalFeaturesRequest, views: readonly BoundView[], spine: string, tableOf: (table: string) => string, window: SpineWindow | undefined): JoinQuery {
  const spineColumns = request.spine.schema.map(({ name, type }, i): ReadColumn => ({ name, type, source: `s${i}` }));
  const places = new Map(views.flatMap(({ selected, source }, v) => selected.map(({ column, feature }, i) => [column, { sql: `v${v}.v.c${i}`, type: feature.type, view: selectedName(source.view) }] as const)));
  const features = request.selection.columns.map(({ column }, i) => {
    const { sql, type, view } = places.get(column)!;
    const isList = type.startsWith('Array(');
    return { sql, read: { name: column, type, view, source: `f${i}`, ...(isList ? { present: `p${i}` } : {}) } satisfies ReadColumn };
  });
  const values = [
    `s.${ROW_NUMBER} AS ${ROW_NUMBER}`,
    ...spineColumns.map(({ name, source }) => `s.${quoteIdentifier(name)} AS ${source}`),
    ...features.flatMap(({ sql, read }) => [`${sql} AS ${read.source}`, ...(read.present === undefined ? [] : [`${sql} IS NOT NULL AS ${read.present}`])]),
  ];
  const parts = views.flatMap((view, v) => viewParts(view, `v${v}`, { spine, table: tableOf(view.source.view.source.table), time: `s.${quoteIdentifier(request.timestampColumn)}`, window }));
  return {
    columns: [...spineColumns, ...features.map(({ read }) => read)],
    sql: [
      ...(parts.length === 0 ? [] : [`WITH\n${parts.join(',\n')}`]),
      `SELECT ${values.join(', ')}`,
      `FROM ${spine} AS s`,
      ...views.map((_, v) => `LEFT JOIN v${v} ON v${v}.n = s.${ROW_NUMBER}`),
    ].join('\n'),
  };
}

interface Tables {
  readonly spine: string;
  readonly table: string;
  readonly time: string;
  readonly window: SpineWindow | undefined;
}

/** The parts of WITH for a view: the last gives, for the rows of the spine that have a row of the view, their number `n` and that row `v`. */
function viewParts({ source, keys, selected }: BoundView, name: string, { spine, table, time, window }: Tables): string[] {
  const { view, eventTimestamp, createdTimestamp, features } = source;
  const keyNames = keys.map((_, i) => `k${i}`);
  const entity = keyNames.length === 0 ? '' : `PARTITION BY ${keyNames.join(', ')} `;
  const tied: readonly OrderTerm[] = features.map(({ family }, i) => ({ sql: `o${i}`, isFloat: family === 'float64' }));
  const ties = ['c IS NOT NULL', 'c', ...tied.map(descending)].join(', '); // what counts comes last
  const created = createdTimestamp?.value ?? 'CAST(NULL AS TIMESTAMP)';
  const columns = [
    ...keys.map(({ key }, i) => `${keyValue(key)} AS k${i}`),
    `${eventTimestamp.value} AS e`, `${created} AS c`,
    ...features.map(({ order }, i) => `${order} AS o${i}`),
    `STRUCT(${[`${eventTimestamp.value} AS e`, ...selected.map(({ feature }, i) => `${feature.value} AS c${i}`)].join(', ')}) AS v`,
  ];
  const rows = `${name}_rows AS (\n  SELECT ${columns.join(', ')}\n  FROM ${table} AS f\n  WHERE ${sourceConditions(source, keys, window).join(' AND ')}\n)`;
  const isKnown = view.asKnown && createdTimestamp !== undefined;
  const known = isKnown ? [knownRows(name, keyNames, entity, ties)] : [];
  const orderNames = isKnown ? ['r'] : ['c', ...tied.map(({ sql }) => sql)];
  const ttl = view.ttlSeconds === null || view.ttlSeconds >= ENDLESS_TTL_SECONDS ? [] : [`UNIX_MICROS(at) - UNIX_MICROS(v.e) <= ${String(BigInt(Math.round(view.ttlSeconds * MICROS_PER_SECOND)))}`];
  const spineKeys = keys.map(({ spine: column }) => keyValue({ family: column.family!, raw: `s.${quoteIdentifier(column.name)}` }));
  const present = [...keys.map(({ spine: column }) => `s.${quoteIdentifier(column.name)}`), time].map((sql) => `${sql} IS NOT NULL`);
  const joined = `${name} AS (
  SELECT n, v FROM (
    SELECT n, at, LAST_VALUE(v IGNORE NULLS) OVER (${entity}ORDER BY at, n IS NOT NULL, ${isKnown ? 'r' : ties} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS v
    FROM (
      SELECT ${[...keyNames, `${isKnown ? 'visible' : 'e'} AS at`, 'CAST(NULL AS INT64) AS n', ...orderNames, 'v'].join(', ')} FROM ${isKnown ? `${name}_known` : `${name}_rows`}
      UNION ALL
      SELECT ${[...spineKeys, time, `s.${ROW_NUMBER}`, ...orderNames.map(() => 'NULL'), 'NULL'].join(', ')} FROM ${spine} AS s WHERE ${present.join(' AND ')}
    )
  )
  WHERE ${['n IS NOT NULL', 'v IS NOT NULL', ...ttl].join(' AND ')}
)`;
  return [rows, ...known, joined];
}

/**
 * Rows become visible at the later of their event and created timestamps. Numbered in the order in which they count, the one that counts at an instant is the greatest number that is visible
 * then: a row that a greater one came before is never used, and the rest lies in one order by both.
 */
function knownRows(name: string, keyNames: readonly string[], entity: string, ties: string): string {
  return `${name}_known AS (
  SELECT ${[...keyNames, 'visible', 'r', 'v'].join(', ')}
  FROM (SELECT ${[...keyNames, 'GREATEST(e, c) AS visible', `ROW_NUMBER() OVER (${entity}ORDER BY e, ${ties}) AS r`, 'v'].join(', ')} FROM ${name}_rows)
  WHERE TRUE
  QUALIFY r = MAX(r) OVER (${entity}ORDER BY visible, r ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)`;
}

/** The rows of a source that the spine's instants can need, with constants. */
function sourceConditions({ view, eventTimestamp, createdTimestamp }: BoundView['source'], keys: BoundView['keys'], window: SpineWindow | undefined): string[] {
  if (window === undefined) return ['FALSE'];
  const { first, last } = window;
  return [
    notLater(eventTimestamp, last),
    ...(view.ttlSeconds === null ? [] : notEarlier(eventTimestamp, first - Math.round(view.ttlSeconds * MICROS_PER_SECOND))),
    ...(view.asKnown && createdTimestamp !== undefined ? [notLater(createdTimestamp, last)] : []),
    ...keys.map(({ key }) => `${key.raw} IS NOT NULL`),
  ];
}

/** The order that decides between rows of one entity, the one that counts first (`compareNewestFirst` of domain/features/point-in-time.ts). */
export function newestFirst({ eventTimestamp, createdTimestamp, features }: BoundView['source']): string {
  const created = createdTimestamp === undefined ? [] : [`${createdTimestamp.raw} IS NULL`, `${createdTimestamp.raw} DESC`];
  return [`${eventTimestamp.raw} DESC`, ...created, ...features.map(({ order, family }) => ascending({ sql: order, isFloat: family === 'float64' }))].join(', ');
}
