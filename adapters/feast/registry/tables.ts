import type pg from 'pg';
import { quoteIdentifier } from '../../postgres/pool.ts';

const NAME = 'varchar(255) NOT NULL';
const SECONDS = 'bigint NOT NULL';

interface Table {
  readonly name: string;
  /** Column and its SQL type, in Feast's order. */
  readonly columns: Readonly<Record<string, string>>;
  readonly key: readonly string[];
  /** Name of the index over project_id. */
  readonly index: string;
}

/** One object a row: its name, its project, when it was written (epoch seconds) and its message. */
function objectTable(name: string, object: string, message = object, more: Readonly<Record<string, string>> = {}): Table {
  const columns = { [`${object}_name`]: NAME, project_id: NAME, last_updated_timestamp: SECONDS, [`${message}_proto`]: 'bytea NOT NULL', ...more };
  return { name, columns, key: [`${object}_name`, 'project_id'], index: `idx_${name}_project_id` };
}

/** Feast's SQL registry as Feast 0.67 lays it out, so that it finds its tables whoever made them. */
export const REGISTRY_TABLES: readonly Table[] = [
  { name: 'projects', columns: { project_id: NAME, project_name: NAME, last_updated_timestamp: SECONDS, project_proto: 'bytea NOT NULL' }, key: ['project_id'], index: 'idx_projects_project_id' },
  objectTable('entities', 'entity'),
  objectTable('data_sources', 'data_source'),
  {
    name: 'feature_views',
    columns: { feature_view_name: NAME, project_id: NAME, last_updated_timestamp: SECONDS, materialized_intervals: 'bytea', feature_view_proto: 'bytea NOT NULL', user_metadata: 'bytea' },
    key: ['feature_view_name', 'project_id'],
    index: 'idx_feature_views_project_id',
  },
  objectTable('stream_feature_views', 'feature_view', 'feature_view', { user_metadata: 'bytea' }),
  objectTable('on_demand_feature_views', 'feature_view', 'feature_view', { user_metadata: 'bytea' }),
  objectTable('label_views', 'feature_view', 'feature_view', { user_metadata: 'bytea' }),
  objectTable('feature_services', 'feature_service'),
  objectTable('saved_datasets', 'saved_dataset'),
  objectTable('validation_references', 'validation_reference'),
  objectTable('permissions', 'permission'),
  objectTable('managed_infra', 'infra'),
  {
    name: 'feature_view_version_history',
    columns: {
      feature_view_name: NAME,
      project_id: NAME,
      version_number: 'integer NOT NULL',
      feature_view_type: 'varchar(50) NOT NULL',
      feature_view_proto: 'bytea NOT NULL',
      created_timestamp: SECONDS,
      description: 'text',
      version_id: 'varchar(36) NOT NULL',
    },
    key: ['feature_view_name', 'project_id', 'version_number'],
    index: 'idx_fv_version_history_project_id',
  },
  {
    name: 'feast_metadata',
    columns: { project_id: NAME, metadata_key: 'varchar(50) NOT NULL', metadata_value: 'text NOT NULL', last_updated_timestamp: SECONDS },
    key: ['project_id', 'metadata_key'],
    index: 'idx_feast_metadata_project_id',
  },
];

/** Whether every table is there. */
export async function hasRegistryTables(client: pg.ClientBase, schema: string): Promise<boolean> {
  const names = REGISTRY_TABLES.map((table) => table.name);
  const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM pg_tables WHERE schemaname = $1 AND tablename = ANY($2)', [schema, names]);
  return Number(rows[0]?.count) === names.length;
}

/** Creates the schema and the tables that are missing. The caller holds the registry's lock. */
export async function createRegistryTables(client: pg.ClientBase, schema: string): Promise<void> {
  if (await hasRegistryTables(client, schema)) return;
  // Where the schema is there already, no right to create one is needed.
  const { rowCount } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  if (rowCount === 0) await client.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
  for (const { name, columns, key, index } of REGISTRY_TABLES) {
    const table = `${quoteIdentifier(schema)}.${name}`;
    const lines = [...Object.entries(columns).map(([column, type]) => `${column} ${type}`), `CONSTRAINT ${name}_pkey PRIMARY KEY (${key.join(', ')})`];
    await client.query(`CREATE TABLE IF NOT EXISTS ${table} (${lines.join(', ')})`);
    await client.query(`CREATE INDEX IF NOT EXISTS ${index} ON ${table} (project_id)`);
  }
}
