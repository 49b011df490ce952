import { create, toBinary } from '@bufbuild/protobuf';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import { type Micros, MICROS_PER_SECOND } from '../../../domain/instant.ts';
import { quoteIdentifier } from '../../postgres/pool.ts';
import { ProjectSchema } from '../gen/feast/core/Project_pb.ts';
import type { KindName } from './kinds.ts';
import type { RegistryPlan, StoredObjects, ViewVersion } from './plan.ts';
import { forgetMarks, readMarks } from './marks.ts';
import { readOnDemandViews, writeOnDemandViews } from './on-demand.ts';
import { OTHER_VIEWS, type OtherView } from './other-views.ts';
import { toTimestamp } from './timestamps.ts';

const OBJECT_TABLES = {
  'data source': { table: 'data_sources', object: 'data_source' },
  'feature view': { table: 'feature_views', object: 'feature_view' },
  entity: { table: 'entities', object: 'entity' },
  'feature service': { table: 'feature_services', object: 'feature_service' },
} as const satisfies Record<KindName, { table: string; object: string }>;

/** The rows of one project in Feast's registry tables, on one connection. */
export interface RegistryRows {
  readonly client: pg.ClientBase;
  readonly schema: string;
  readonly project: string;
}

/** Messages of one kind by name, in name order. */
export async function readObjects({ client, schema, project }: RegistryRows, kind: KindName): Promise<Map<string, Uint8Array>> {
  const { table, object } = OBJECT_TABLES[kind];
  const { rows } = await client.query<{ name: string; message: Buffer }>(
    `SELECT ${object}_name AS name, ${object}_proto AS message FROM ${quoteIdentifier(schema)}.${table} WHERE project_id = $1 ORDER BY ${object}_name COLLATE "C"`,
    [project],
  );
  return new Map(rows.map(({ name, message }) => [name, message]));
}

export async function readStored(rows: RegistryRows): Promise<StoredObjects> {
  const { client, schema, project } = rows;
  const objects = {
    'data source': await readObjects(rows, 'data source'),
    'feature view': await readObjects(rows, 'feature view'),
    entity: await readObjects(rows, 'entity'),
    'feature service': await readObjects(rows, 'feature service'),
  };
  const otherViews = new Map<string, OtherView>();
  for (const [table, read] of Object.entries(OTHER_VIEWS)) {
    const found = await client.query<{ name: string; message: Buffer }>(
      `SELECT feature_view_name AS name, feature_view_proto AS message FROM ${quoteIdentifier(schema)}.${table} WHERE project_id = $1 ORDER BY 1`,
      [project],
    );
    for (const { name, message } of found.rows) otherViews.set(name, read(name, message));
  }
  const history = await client.query<{ name: string; newest: number }>(
    `SELECT feature_view_name AS name, max(version_number) AS newest FROM ${quoteIdentifier(schema)}.feature_view_version_history WHERE project_id = $1 GROUP BY 1`,
    [project],
  );
  return { objects, otherViews, onDemand: await readOnDemandViews(rows), marks: await readMarks(rows), versions: new Map(history.rows.map(({ name, newest }) => [name, newest])) };
}

/** Writes what the plan says; rows that it does not name are not touched. */
export async function writePlan(rows: RegistryRows, plan: RegistryPlan, now: Micros): Promise<void> {
  for (const { kind, name, bytes } of plan.writes) await writeObject(rows, { kind, name, bytes }, now);
  for (const version of plan.versions) await addVersion(rows, version, now);
  for (const { kind, name } of plan.removals) await removeObject(rows, kind, name);
  if (plan.forgottenMarks.length > 0) await forgetMarks(rows, plan.forgottenMarks, now);
  if (plan.onDemand !== undefined) await writeOnDemandViews(rows, plan.onDemand, now);
  if (plan.onlineRemovals.length > 0) await writeOnlineRemovals(rows, [...(await readOnlineRemovals(rows)), ...plan.onlineRemovals], now);
}

/** Key of feast_metadata under which the views stand whose online values are still to be removed. Feast passes over keys that it does not know. */
const ONLINE_REMOVALS = 'ml_pipeline.online_removals';

/** Views, as they were, whose online values are still to be removed. */
export async function readOnlineRemovals({ client, schema, project }: RegistryRows): Promise<readonly FeatureViewSnapshot[]> {
  const { rows } = await client.query<{ value: string }>(`SELECT metadata_value AS value FROM ${quoteIdentifier(schema)}.feast_metadata WHERE project_id = $1 AND metadata_key = $2`, [project, ONLINE_REMOVALS]);
  return rows[0] === undefined ? [] : (JSON.parse(rows[0].value) as FeatureViewSnapshot[]);
}

export async function writeOnlineRemovals({ client, schema, project }: RegistryRows, views: readonly FeatureViewSnapshot[], now: Micros): Promise<void> {
  const table = `${quoteIdentifier(schema)}.feast_metadata`;
  if (views.length === 0) await client.query(`DELETE FROM ${table} WHERE project_id = $1 AND metadata_key = $2`, [project, ONLINE_REMOVALS]);
  else await client.query(
    `INSERT INTO ${table} (project_id, metadata_key, metadata_value, last_updated_timestamp) VALUES ($1, $2, $3, $4)
     ON CONFLICT (project_id, metadata_key) DO UPDATE SET metadata_value = excluded.metadata_value, last_updated_timestamp = excluded.last_updated_timestamp`,
    [project, ONLINE_REMOVALS, JSON.stringify(views), seconds(now)],
  );
}

export async function writeObject({ client, schema, project }: RegistryRows, { kind, name, bytes }: RegistryPlan['writes'][number], now: Micros): Promise<void> {
  const { table, object } = OBJECT_TABLES[kind];
  await client.query(
    `INSERT INTO ${quoteIdentifier(schema)}.${table} (${object}_name, project_id, last_updated_timestamp, ${object}_proto) VALUES ($1, $2, $3, $4)
     ON CONFLICT (${object}_name, project_id) DO UPDATE SET last_updated_timestamp = excluded.last_updated_timestamp, ${object}_proto = excluded.${object}_proto`,
    [name, project, seconds(now), bytes],
  );
}

async function addVersion({ client, schema, project }: RegistryRows, { view, number, bytes }: ViewVersion, now: Micros): Promise<void> {
  await client.query(
    `INSERT INTO ${quoteIdentifier(schema)}.feature_view_version_history
     (feature_view_name, project_id, version_number, feature_view_type, feature_view_proto, created_timestamp, description, version_id) VALUES ($1, $2, $3, 'feature_view', $4, $5, '', $6)`,
    [view, project, number, bytes, seconds(now), randomUUID()],
  );
}

/** A view goes with its history. */
async function removeObject({ client, schema, project }: RegistryRows, kind: KindName, name: string): Promise<void> {
  const { table, object } = OBJECT_TABLES[kind];
  await client.query(`DELETE FROM ${quoteIdentifier(schema)}.${table} WHERE ${object}_name = $1 AND project_id = $2`, [name, project]);
  if (kind !== 'feature view') return;
  await client.query(`DELETE FROM ${quoteIdentifier(schema)}.feature_view_version_history WHERE feature_view_name = $1 AND project_id = $2`, [name, project]);
}

/** Notes a change of the project's objects, and enters the project itself where it is new: readers go from project to project. */
export async function touchProject({ client, schema, project }: RegistryRows, now: Micros): Promise<void> {
  const meta = { createdTimestamp: toTimestamp(now), lastUpdatedTimestamp: toTimestamp(now) };
  const message = toBinary(ProjectSchema, create(ProjectSchema, { spec: { name: project }, meta }));
  await client.query(`INSERT INTO ${quoteIdentifier(schema)}.projects (project_id, project_name, last_updated_timestamp, project_proto) VALUES ($1, $1, $2, $3) ON CONFLICT DO NOTHING`, [project, seconds(now), message]);
  const metadata = `INSERT INTO ${quoteIdentifier(schema)}.feast_metadata (project_id, metadata_key, metadata_value, last_updated_timestamp) VALUES ($1, $2, $3, $4) ON CONFLICT (project_id, metadata_key)`;
  await client.query(`${metadata} DO NOTHING`, [project, 'project_uuid', randomUUID(), seconds(now)]);
  await client.query(`${metadata} DO UPDATE SET metadata_value = excluded.metadata_value, last_updated_timestamp = excluded.last_updated_timestamp`, [
    project,
    'last_updated_timestamp',
    String(seconds(now)),
    seconds(now),
  ]);
}

/** Feast counts in whole seconds. */
function seconds(now: Micros): number {
  return Math.floor(now / MICROS_PER_SECOND);
}
