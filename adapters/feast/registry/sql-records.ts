import { randomUUID } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import type pg from 'pg';
import { type Micros, MICROS_PER_SECOND } from '../../../domain/instant.ts';
import { quoteIdentifier } from '../../postgres/pool.ts';
import { ProjectSchema } from '../gen/feast/core/Project_pb.ts';
import type { KindName } from './kinds.ts';
import { OTHER_VIEWS, type OtherView } from './other-views.ts';
import type { RegistryReader, RegistryRecords } from './records.ts';
import { toTimestamp } from './timestamps.ts';

const OBJECT_TABLES = {
  'data source': { table: 'data_sources', object: 'data_source' },
  'feature view': { table: 'feature_views', object: 'feature_view' },
  entity: { table: 'entities', object: 'entity' },
  'feature service': { table: 'feature_services', object: 'feature_service' },
} as const satisfies Record<KindName, { table: string; object: string }>;

/** The rows of one project in Feast's registry tables, on one connection. */
function sqlReader(client: pg.ClientBase, schema: string, project: string): RegistryReader {
  const table = (name: string): string => `${quoteIdentifier(schema)}.${name}`;
  const messages = async (name: string, object: string): Promise<readonly { readonly name: string; readonly message: Buffer }[]> =>
    (await client.query<{ name: string; message: Buffer }>(`SELECT ${object}_name AS name, ${object}_proto AS message FROM ${table(name)} WHERE project_id = $1 ORDER BY ${object}_name COLLATE "C"`, [project])).rows;
  return {
    async objects(kind) {
      const { table: name, object } = OBJECT_TABLES[kind];
      return new Map((await messages(name, object)).map((row) => [row.name, row.message]));
    },
    async otherViews() {
      const found = new Map<string, OtherView>();
      for (const [place, read] of Object.entries(OTHER_VIEWS)) for (const { name, message } of await messages(place, 'feature_view')) found.set(name, read(name, message));
      return found;
    },
    async newestVersions() {
      const sql = `SELECT feature_view_name AS name, max(version_number) AS newest FROM ${table('feature_view_version_history')} WHERE project_id = $1 GROUP BY 1`;
      return new Map((await client.query<{ name: string; newest: number }>(sql, [project])).rows.map(({ name, newest }) => [name, newest]));
    },
    async note(key) {
      const { rows } = await client.query<{ value: string }>(`SELECT metadata_value AS value FROM ${table('feast_metadata')} WHERE project_id = $1 AND metadata_key = $2`, [project, key]);
      return rows[0]?.value;
    },
  };
}

/** The same, to be changed. Notes are rows of feast_metadata: Feast passes over keys that it does not know. */
export function sqlRecords(client: pg.ClientBase, schema: string, project: string): RegistryRecords {
  const table = (name: string): string => `${quoteIdentifier(schema)}.${name}`;
  const putMetadata = async (key: string, value: string, now: Micros, onConflict: string): Promise<void> =>
    void (await client.query(
      `INSERT INTO ${table('feast_metadata')} (project_id, metadata_key, metadata_value, last_updated_timestamp) VALUES ($1, $2, $3, $4) ON CONFLICT (project_id, metadata_key) ${onConflict}`,
      [project, key, value, seconds(now)],
    ));
  return {
    ...sqlReader(client, schema, project),
    async put({ kind, name, bytes }, now) {
      const { table: place, object } = OBJECT_TABLES[kind];
      await client.query(
        `INSERT INTO ${table(place)} (${object}_name, project_id, last_updated_timestamp, ${object}_proto) VALUES ($1, $2, $3, $4)
         ON CONFLICT (${object}_name, project_id) DO UPDATE SET last_updated_timestamp = excluded.last_updated_timestamp, ${object}_proto = excluded.${object}_proto`,
        [name, project, seconds(now), bytes],
      );
    },
    async addVersion({ view, number, bytes }, now) {
      await client.query(
        `INSERT INTO ${table('feature_view_version_history')}
         (feature_view_name, project_id, version_number, feature_view_type, feature_view_proto, created_timestamp, description, version_id) VALUES ($1, $2, $3, 'feature_view', $4, $5, '', $6)`,
        [view, project, number, bytes, seconds(now), randomUUID()],
      );
    },
    async remove(kind, name) {
      const { table: place, object } = OBJECT_TABLES[kind];
      await client.query(`DELETE FROM ${table(place)} WHERE ${object}_name = $1 AND project_id = $2`, [name, project]);
      if (kind !== 'feature view') return;
      await client.query(`DELETE FROM ${table('feature_view_version_history')} WHERE feature_view_name = $1 AND project_id = $2`, [name, project]);
    },
    async putNote(key, value, now) {
      if (value === undefined) await client.query(`DELETE FROM ${table('feast_metadata')} WHERE project_id = $1 AND metadata_key = $2`, [project, key]);
      else await putMetadata(key, value, now, REPLACE);
    },
    async touchProject(now) {
      const meta = { createdTimestamp: toTimestamp(now), lastUpdatedTimestamp: toTimestamp(now) };
      const message = toBinary(ProjectSchema, create(ProjectSchema, { spec: { name: project }, meta }));
      await client.query(`INSERT INTO ${table('projects')} (project_id, project_name, last_updated_timestamp, project_proto) VALUES ($1, $1, $2, $3) ON CONFLICT DO NOTHING`, [project, seconds(now), message]);
      await putMetadata('project_uuid', randomUUID(), now, 'DO NOTHING');
      await putMetadata('last_updated_timestamp', String(seconds(now)), now, REPLACE);
    },
  };
}

const REPLACE = 'DO UPDATE SET metadata_value = excluded.metadata_value, last_updated_timestamp = excluded.last_updated_timestamp';

/** Feast counts in whole seconds. */
function seconds(now: Micros): number {
  return Math.floor(now / MICROS_PER_SECOND);
}
