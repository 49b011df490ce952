import { create } from '@bufbuild/protobuf';
import { PipelineError, type Problem } from '../../../domain/errors.ts';
import type { FeatureService } from '../../../domain/features/definitions.ts';
import type { Micros } from '../../../domain/instant.ts';
import { suggestion } from '../../../domain/nearest.ts';
import type { FeatureRegistry, RegisteredView } from '../../../ports/feature-registry.ts';
import { createPostgresPool, inTransaction, withClient } from '../../postgres/pool.ts';
import { type FeatureView as FeatureViewMessage, FeatureViewMetaSchema, FeatureViewState, MaterializationIntervalSchema } from '../gen/feast/core/FeatureView_pb.ts';
import { DUMMY_ENTITY, readEntity } from './entity-message.ts';
import { ENTITIES, FEATURE_SERVICES, FEATURE_VIEWS, type KindName, type RegistryKind } from './kinds.ts';
import { planRegistry, type StoredObjects } from './plan.ts';
import { type RegistryRows, readObjects, readStored, touchProject, writeObject, writePlan } from './rows.ts';
import { readService } from './service-message.ts';
import { createRegistryTables, hasRegistryTables } from './tables.ts';
import { fromTimestamp, toTimestamp } from './timestamps.ts';
import { readView } from './view-message.ts';

export interface FeastSqlRegistryConfig {
  /** `postgresql://user:password@host:port/database`. Never logged. */
  readonly connectionString: string;
  /** The schema of Feast's registry tables, `feast_registry` by convention; made by the first `apply`. */
  readonly schema: string;
  /** The Feast project. One repository of definitions owns it: `apply` removes what that does not name. */
  readonly project: string;
}

/** Feast's SQL registry in PostgreSQL (docs/feast.md). Lists of a registry that does not exist yet are empty. */
export function createFeastSqlRegistry({ connectionString, schema, project }: FeastSqlRegistryConfig): FeatureRegistry {
  const pool = createPostgresPool({ connectionString });
  const readAll = (kind: KindName): Promise<Map<string, Uint8Array>> =>
    withClient(pool, async (client) => ((await hasRegistryTables(client, schema)) ? readObjects({ client, schema, project }, kind) : new Map()));
  return {
    plan: async (repository) => planRegistry(repository, project, await withClient(pool, (client) => readAny({ client, schema, project })), now()).plan,
    apply: (repository) =>
      inTransaction(pool, async (client) => {
        const rows = await lockRegistry({ client, schema, project });
        const writtenAt = now();
        const plan = planRegistry(repository, project, await readStored(rows), writtenAt);
        await writePlan(rows, plan, writtenAt);
        if (plan.plan.changes.length > 0) await touchProject(rows, writtenAt);
        return plan.plan;
      }),
    entities: async () => readMessages(ENTITIES, await readAll('entity'), ({ spec }) => spec?.name === DUMMY_ENTITY.name, readEntity),
    featureViews: async () => readMessages(FEATURE_VIEWS, await readAll('feature view'), () => false, readRegisteredView),
    featureServices: async (): Promise<readonly FeatureService[]> => readMessages(FEATURE_SERVICES, await readAll('feature service'), () => false, readService),
    recordMaterialization: (view, startMicros, endMicros) =>
      inTransaction(pool, async (client) => addInterval(await lockRegistry({ client, schema, project }), view, startMicros, endMicros)),
    close: () => (pool.ended || pool.ending ? Promise.resolve() : pool.end()),
  };
}

function now(): Micros {
  return Date.now() * 1000;
}

/** One writer at a time in one registry; the tables are there afterwards. Ends with the transaction. */
async function lockRegistry(rows: RegistryRows): Promise<RegistryRows> {
  await rows.client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`feast registry ${rows.schema}`]);
  await createRegistryTables(rows.client, rows.schema);
  return rows;
}

async function readAny(rows: RegistryRows): Promise<StoredObjects> {
  if (await hasRegistryTables(rows.client, rows.schema)) return readStored(rows);
  const none = new Map<string, Uint8Array>();
  return { objects: { 'data source': none, 'feature view': none, entity: none, 'feature service': none }, otherViews: new Map(), versions: new Map() };
}

/** All definitions of a kind, or UNSUPPORTED with all that cannot be expressed. */
function readMessages<M, D>(kind: RegistryKind<M>, stored: ReadonlyMap<string, Uint8Array>, isHidden: (message: M) => boolean, read: (message: M) => D): D[] {
  const problems: Problem[] = [];
  const definitions = [...stored.values()].map((bytes) => kind.decode(bytes)).filter((message) => !isHidden(message)).flatMap((message) => {
    try {
      return [read(message)];
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length === 0) return definitions;
  throw new PipelineError('UNSUPPORTED', 'The registry holds definitions that were written by another program and cannot be read here.', { problems });
}

function readRegisteredView(message: FeatureViewMessage): RegisteredView {
  const { meta } = message;
  const intervals = meta?.materializationIntervals ?? [];
  return {
    view: readView(message),
    createdMicros: fromTimestamp(meta?.createdTimestamp),
    updatedMicros: fromTimestamp(meta?.lastUpdatedTimestamp),
    materializationIntervals: intervals.map(({ startTime, endTime }) => ({ startMicros: fromTimestamp(startTime), endMicros: fromTimestamp(endTime) })),
  };
}

async function addInterval(rows: RegistryRows, name: string, startMicros: Micros, endMicros: Micros): Promise<void> {
  const views = await readObjects(rows, 'feature view');
  const bytes = views.get(name);
  if (bytes === undefined) {
    throw new PipelineError('NOT_FOUND', `Feature view "${name}" is not in the registry of project "${rows.project}". ${suggestion(name, [...views.keys()])} "ml-pipeline features apply" registers definitions.`);
  }
  const message = FEATURE_VIEWS.decode(bytes);
  const meta = (message.meta ??= create(FeatureViewMetaSchema));
  const isThere = meta.materializationIntervals.some(({ startTime, endTime }) => fromTimestamp(startTime) === startMicros && fromTimestamp(endTime) === endMicros);
  if (isThere && meta.state === FeatureViewState.AVAILABLE_ONLINE) return;
  if (!isThere) meta.materializationIntervals.push(create(MaterializationIntervalSchema, { startTime: toTimestamp(startMicros), endTime: toTimestamp(endMicros) }));
  meta.state = FeatureViewState.AVAILABLE_ONLINE;
  await writeObject(rows, { kind: 'feature view', name, bytes: FEATURE_VIEWS.encode(message) }, now());
  await touchProject(rows, now());
}
