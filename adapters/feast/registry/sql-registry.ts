import { isDeepStrictEqual } from 'node:util';
import { create } from '@bufbuild/protobuf';
import type pg from 'pg';
import { PipelineError } from '../../../domain/errors.ts';
import { onlineEffect } from '../../../domain/features/online-effects.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { Micros } from '../../../domain/instant.ts';
import type { ApplyPlan, FeatureRegistry, OnlineMark, RegistryContents } from '../../../ports/feature-registry.ts';
import { createPostgresPool, inTransaction } from '../../postgres/pool.ts';
import { FeatureViewMetaSchema, FeatureViewState, MaterializationIntervalSchema } from '../gen/feast/core/FeatureView_pb.ts';
import { readContents } from './contents.ts';
import { FEATURE_VIEWS } from './kinds.ts';
import { planRegistry, type StoredObjects } from './plan.ts';
import { joinInterval } from './intervals.ts';
import { takeLock } from './locks.ts';
import { writeMark } from './marks.ts';
import { missingView } from './missing-view.ts';
import { readObjects, readOnlineRemovals, readStored, type RegistryRows, touchProject, writeObject, writeOnlineRemovals, writePlan } from './rows.ts';
import { createRegistryTables, hasRegistryTables } from './tables.ts';
import { fromTimestamp, toTimestamp } from './timestamps.ts';
import { readSnapshot } from './view-message.ts';
import { whileDefined, withoutWriters } from './write-guard.ts';

export interface FeastSqlRegistryConfig {
  /** `postgresql://user:password@host:port/database`. Never logged. */
  readonly connectionString: string;
  /** The schema of Feast's registry tables, `feast_registry` by convention; made by the first `apply`. */
  readonly schema: string;
  /** The Feast project. One repository of definitions owns it: `apply` removes what that does not name. */
  readonly project: string;
}

/** A registry has some hundred rows: what takes longer is a server that does not answer. */
const QUERY_MS = 10_000;
/** How long other writers of the registry, and others that remove values, are waited for. */
const LOCK_MS = 30_000;

/** Feast's SQL registry in PostgreSQL (docs/feast.md). Lists of a registry that does not exist yet are empty. */
export function createFeastSqlRegistry({ connectionString, schema, project }: FeastSqlRegistryConfig): FeatureRegistry {
  const pool = createPostgresPool({ connectionString, queryTimeoutMs: QUERY_MS });
  const place = { schema, project };
  const rowsOf = (client: pg.ClientBase): RegistryRows => ({ client, ...place });
  const readStoredNow = (): Promise<StoredObjects> => inTransaction(pool, (client) => readAny(rowsOf(client)));
  const contents = async (): Promise<RegistryContents> => readContents(await readStoredNow());
  return {
    plan: async (repository) => planRegistry(repository, project, await readStoredNow(), now()).plan,
    apply: (repository, shown) =>
      inTransaction(pool, async (client) => {
        const rows = await lockRegistry(rowsOf(client));
        const writtenAt = now();
        const plan = planRegistry(repository, project, await readStored(rows), writtenAt);
        if (shown !== undefined) refuseMore(plan.plan, shown);
        await writePlan(rows, plan, writtenAt);
        if (plan.plan.changes.length > 0) await touchProject(rows, writtenAt);
        return plan.plan;
      }),
    removeOnlineValues: (remove) => removeOnlineValues(pool, place, remove),
    whileDefined: (view, work) => whileDefined(pool, place, view, work),
    withoutWriters: (views, patience, work) => withoutWriters(pool, place, views, patience, work),
    contents,
    entities: async () => (await contents()).entities,
    featureViews: async () => (await contents()).views,
    featureServices: async () => (await contents()).featureServices,
    recordMaterialization: (view, startMicros, endMicros, materialized, mark) =>
      inTransaction(pool, async (client) => addInterval(await lockRegistry(rowsOf(client)), view, { startMicros, endMicros, materialized, mark })),
    close: () => (pool.ended || pool.ending ? Promise.resolve() : pool.end()),
  };
}

function now(): Micros {
  return Date.now() * 1000;
}

/** One writer at a time in one registry; the tables are there afterwards. Ends with the transaction. */
async function lockRegistry(rows: RegistryRows): Promise<RegistryRows> {
  const isFree = await takeLock(rows.client, `feast registry ${rows.schema}`, { millis: LOCK_MS });
  if (!isFree) throw new PipelineError('UNAVAILABLE', 'Another process is changing the feature registry; nothing was changed here. Try it again.');
  await createRegistryTables(rows.client, rows.schema);
  return rows;
}

/** All rows of one instant. */
async function readAny(rows: RegistryRows): Promise<StoredObjects> {
  await rows.client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
  if (await hasRegistryTables(rows.client, rows.schema)) return readStored(rows);
  const none = new Map<string, Uint8Array>();
  return { objects: { 'data source': none, 'feature view': none, entity: none, 'feature service': none }, otherViews: new Map(), onDemand: new Map(), marks: new Map(), versions: new Map() };
}

/** What was not shown is not agreed to. Less than was shown is: another process did it meanwhile. */
function refuseMore(plan: ApplyPlan, shown: ApplyPlan): void {
  const known = new Set([...shown.changes, ...shown.online].map((item) => JSON.stringify(item)));
  const more = [...plan.changes, ...plan.online].filter((item) => !known.has(JSON.stringify(item)));
  if (more.length > 0) throw new PipelineError('CONFLICT', 'The registry was changed meanwhile, so that more would change now than was shown; nothing was applied. Run the command again.');
}

/** The registry stays open for others meanwhile: removing takes a while. The list is read again at the end, since another `apply` may have added to it. */
async function removeOnlineValues(pool: pg.Pool, where: Omit<RegistryRows, 'client'>, remove: (view: FeatureViewSnapshot) => Promise<unknown>): Promise<readonly string[]> {
  return inTransaction(pool, async (client) => {
    if (!(await hasRegistryTables(client, where.schema))) return [];
    if ((await readOnlineRemovals({ client, ...where })).length === 0) return [];
    const isFree = await takeLock(client, `feast online values ${where.schema} ${where.project}`, { millis: LOCK_MS });
    if (!isFree) throw new PipelineError('UNAVAILABLE', 'Another process is removing values from the online store. Try it again when it is done.');
    const views = await readOnlineRemovals({ client, ...where });
    for (const view of views) await remove(view);
    if (views.length === 0) return [];
    const done = new Set(views.map((view) => JSON.stringify(view)));
    const rows = await lockRegistry({ client, ...where });
    const left = (await readOnlineRemovals(rows)).filter((view) => !done.has(JSON.stringify(view)));
    await writeOnlineRemovals(rows, left, now());
    return views.map(({ name }) => name);
  });
}

interface Materialized {
  readonly startMicros: Micros;
  readonly endMicros: Micros;
  readonly materialized: FeatureViewSnapshot | undefined;
  readonly mark: OnlineMark | undefined;
}

async function addInterval(rows: RegistryRows, name: string, { startMicros, endMicros, materialized, mark }: Materialized): Promise<void> {
  const views = await readObjects(rows, 'feature view');
  const bytes = views.get(name);
  if (bytes === undefined) throw missingView(name, rows.project, [...views.keys()]);
  const message = FEATURE_VIEWS.decode(bytes);
  if (materialized !== undefined && onlineEffect({ ...materialized, online: true }, { ...readSnapshot(message), online: true })?.needsMaterialization === true) {
    throw new PipelineError('CONFLICT', `Feature view "${name}" was changed while it was materialized: what was written is not what it needs now. Materialize it again: ml-pipeline materialize --views ${name}`);
  }
  if (mark !== undefined) await writeMark(rows, name, mark, now());
  const meta = (message.meta ??= create(FeatureViewMetaSchema));
  const intervals = meta.materializationIntervals.map(({ startTime, endTime }) => ({ startMicros: fromTimestamp(startTime), endMicros: fromTimestamp(endTime) }));
  const joined = joinInterval(intervals, { startMicros, endMicros });
  if (isDeepStrictEqual(joined, intervals) && meta.state === FeatureViewState.AVAILABLE_ONLINE) return;
  meta.materializationIntervals = joined.map((interval) => create(MaterializationIntervalSchema, { startTime: toTimestamp(interval.startMicros), endTime: toTimestamp(interval.endMicros) }));
  meta.state = FeatureViewState.AVAILABLE_ONLINE;
  await writeObject(rows, { kind: 'feature view', name, bytes: FEATURE_VIEWS.encode(message) }, now());
  await touchProject(rows, now());
}
