import type pg from 'pg';
import type { HistoricalFeaturesRequest, JoinStrategy } from '../../ports/warehouse.ts';
import type { BoundView } from './bind-join.ts';
import { quoteIdentifier, quoteTable } from './pool.ts';
import { MOST_SNAPSHOT_VIEWS, windowConditions } from './snapshot-join.ts';
import { hasPointInTimeIndex } from './source-index.ts';

/** Microseconds, measured (docs/adr/0015-join-strategies.md): only their ratios matter. */
const LOOKUP = 3;
const SPINE_ROW = 2;
const SOURCE_ROW = 1.5;
const COPIED_ROW = 2;
/** Opening a connection and taking part in a transaction. */
const READER = 20_000;
/** Keys, timestamps and bookkeeping of an entity, and each feature, in bytes. */
const ENTITY_BYTES = 200;
const FEATURE_BYTES = 32;

interface Plan {
  readonly 'Plan Rows': number;
  readonly Plans?: readonly Plan[];
}

/** The cheaper strategy by the planner's estimates; `warehouse` where the entities might not fit the memory. */
export async function chooseStrategy(client: pg.PoolClient, request: HistoricalFeaturesRequest, views: readonly BoundView[], memoryBytes: number): Promise<JoinStrategy> {
  if (views.length === 0 || views.length > MOST_SNAPSHOT_VIEWS) return 'warehouse';
  const last = request.spine.asOfMicros;
  const first = await firstInstant(client, request);
  let [warehouse, snapshot, bytes] = [0, READER + request.spine.rowCount * SPINE_ROW, 0];
  for (const view of views) {
    const { rows, entities } = await estimate(client, view, { first: first ?? last, last });
    const copied = (await hasPointInTimeIndex(client, view.source)) ? 0 : rows * COPIED_ROW;
    warehouse += request.spine.rowCount * LOOKUP + copied;
    snapshot += READER + rows * SOURCE_ROW;
    bytes += entities * (ENTITY_BYTES + view.selected.length * FEATURE_BYTES);
  }
  return snapshot < warehouse && bytes <= memoryBytes ? 'snapshot' : 'warehouse';
}

/** The spine lies in the order of time: its first row tells. */
async function firstInstant(client: pg.PoolClient, { spine, timestampColumn }: HistoricalFeaturesRequest): Promise<number | undefined> {
  const { rows } = await client.query<{ first: string | null }>(`SELECT (extract(epoch FROM min(${quoteIdentifier(timestampColumn)})) * 1000000)::int8 AS first FROM ${quoteTable(spine.table)}`);
  return rows[0]?.first === null || rows[0] === undefined ? undefined : Number(rows[0].first);
}

/** The planner's estimates; no row is read. */
async function estimate(client: pg.PoolClient, view: BoundView, window: { readonly first: number; readonly last: number }): Promise<{ readonly rows: number; readonly entities: number }> {
  const keys = view.keys.map(({ key }) => key.raw);
  const { rows } = await client.query<{ 'QUERY PLAN': readonly { readonly Plan: Plan }[] }>(
    `EXPLAIN (FORMAT JSON) SELECT ${keys.length === 0 ? '' : `DISTINCT ${keys.join(', ')}`} FROM ${quoteTable(view.source.view.source.table)} AS f WHERE ${windowConditions(view, window).join(' AND ')}`,
  );
  const { Plan: plan } = rows[0]!['QUERY PLAN'][0]!;
  return { rows: Math.max(...allPlans(plan).map((part) => part['Plan Rows'])), entities: keys.length === 0 ? 1 : plan['Plan Rows'] };
}

function allPlans(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(allPlans)];
}
