import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQuery } from '@google-cloud/bigquery';
import pg from 'pg';
import { openBigQuery } from '../../adapters/bigquery/connection.ts';
import { createStorageClient } from '../../adapters/gcs/client.ts';
import { bindPorts, closePorts } from '../../config/bind-ports.ts';
import { loadProject, type Project } from '../../config/load-config.ts';
import type { Ports } from '../../ports/ports.ts';
import { cloudServers } from '../support/cloud-servers.ts';
import type { FixtureProject } from '../support/fixture-project.ts';
import { addressOfTls, startTlsRedisCluster } from '../support/redis-servers.ts';

/** The fixture's folder read with APP_ENV=cloud: BigQuery, Cloud Storage, a Redis Cluster with TLS and an ACL user. */
export interface CloudProject extends Project {
  readonly ports: Ports;
  remove(): Promise<void>;
}

/** With the fixture's tables copied, its `raw_data` into the data set of raw events. Definitions are not applied yet. `tracking`: its settings, from the name of the bucket of artifacts; left out: files. */
export async function createCloudProject(local: FixtureProject, tracking?: (bucket: string) => Promise<object>): Promise<CloudProject> {
  const [servers, redis] = await Promise.all([cloudServers(), startTlsRedisCluster()]);
  const suffix = randomBytes(5).toString('hex');
  const datasets = { raw: `raw_${suffix}`, feature_mart: `mart_${suffix}`, spine: `spine_${suffix}`, registry: `registry_${suffix}` };
  const warehouse = { project: servers.project, location: 'us-central1', datasets, maximum_bytes_billed: 10_000_000_000, api_endpoint: servers.bigqueryUrl, grpc_endpoint: `http://${servers.bigqueryGrpc}` };
  const bucket = (purpose: string) => ({ name: `${purpose}-${suffix}` });
  const buckets = { data: bucket('data'), artifacts: bucket('artifacts'), logs: bucket('logs') };
  const storage = createStorageClient({ project: servers.project, apiEndpoint: servers.gcsUrl });
  const connection = openBigQuery(warehouse);
  await Promise.all(Object.values(buckets).map(({ name }) => storage.createBucket(name)));
  await Promise.all(Object.values(datasets).map((name) => connection.client.createDataset(name, { location: 'us-central1' })));
  await copyTables(local.databaseUrl, connection.client, { raw_data: datasets.raw, feature_mart: datasets.feature_mart });
  const { host, port, username: user, password, topology } = addressOfTls(redis);
  await mkdir(join(local.folder, 'certs'));
  await writeFile(join(local.folder, 'certs', 'redis.pem'), redis.certificateAuthority);
  const settings = {
    ...local.config,
    warehouse: { type: 'bigquery', ...warehouse },
    registry: { type: 'feast_file', path: `gs://${buckets.artifacts.name}/registry.db`, api_endpoint: servers.gcsUrl, table: { project: servers.project, dataset: datasets.registry, location: 'us-central1', api_endpoint: servers.bigqueryUrl } },
    online_store: { type: 'redis', topology, host, port, user, password, tls: { ca_file: 'certs/redis.pem' }, replicas_to_wait: 1, key_ttl_seconds: 86_400 },
    artifacts: { type: 'gcs', project: servers.project, buckets, cache: { folder: './data-cloud', max_gigabytes: 1 }, api_endpoint: servers.gcsUrl },
    tracking: (await tracking?.(buckets.artifacts.name)) ?? { type: 'mlflow_files', folder: './mlruns-cloud' },
    temporal: { ...local.config.temporal, task_queue: `${local.config.temporal.task_queue}-cloud` },
  };
  await writeFile(join(local.folder, 'config', 'environments', 'cloud.yaml'), JSON.stringify(settings), { mode: 0o600 });
  const project = await loadProject(local.folder, { ...process.env, APP_ENV: 'cloud' });
  const ports = await bindPorts(project);
  return {
    ...project,
    ports,
    remove: async () => {
      await closePorts(ports);
      await Promise.all(Object.values(datasets).map((name) => connection.client.dataset(name).delete({ force: true })));
      await Promise.all(Object.values(buckets).map(async ({ name }) => {
        await storage.bucket(name).deleteFiles({ force: true });
        await storage.bucket(name).delete();
      }));
      await Promise.all([connection.close(), redis.close()]);
      await rm(join(local.folder, 'certs'), { recursive: true });
    },
  };
}

const TYPES: Readonly<Record<string, string>> = { bigint: 'INT64', integer: 'INT64', smallint: 'INT64', 'double precision': 'FLOAT64', real: 'FLOAT64', text: 'STRING', 'character varying': 'STRING', boolean: 'BOOL', date: 'DATE', 'timestamp with time zone': 'TIMESTAMP', numeric: 'NUMERIC' };

/** Loads the tables of the schemas into the data sets, value by value. */
async function copyTables(databaseUrl: string, bigquery: BigQuery, datasetOf: Readonly<Record<string, string>>): Promise<void> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    const { rows } = await database.query<{ table_schema: string; table_name: string; column_name: string; data_type: string }>(
      "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) WHERE table_schema = ANY ($1) AND table_type = 'BASE TABLE' ORDER BY ordinal_position",
      [Object.keys(datasetOf)],
    );
    for (const key of new Set(rows.map(({ table_schema: schema, table_name: table }) => `${schema}.${table}`))) {
      const [schema, table] = key.split('.') as [string, string];
      const columns = rows.filter((row) => row.table_schema === schema && row.table_name === table);
      const values = columns.map(({ column_name: name, data_type: type }) => (type === 'timestamp with time zone' ? `to_char("${name}" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "${name}"` : `"${name}"`));
      const { rows: lines } = await database.query<{ line: string }>(`SELECT row_to_json(t)::text AS line FROM (SELECT ${values.join(', ')} FROM "${schema}"."${table}") AS t`);
      const fields = columns.map(({ column_name: name, data_type: type }) => ({ name, type: TYPES[type] ?? type }));
      const file = join(tmpdir(), `copy-${randomBytes(6).toString('hex')}.ndjson`);
      await writeFile(file, lines.map(({ line }) => `${line}\n`).join(''));
      await bigquery.dataset(datasetOf[schema]!).table(table).load(file, { sourceFormat: 'NEWLINE_DELIMITED_JSON', schema: { fields } });
      await rm(file);
    }
  } finally {
    await database.end();
  }
}
