import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { openBigQuery } from '../../adapters/bigquery/connection.ts';
import { createStorageClient } from '../../adapters/gcs/client.ts';
import type { AppConfig } from '../../config/app-config.ts';
import { bindPorts, closePorts } from '../../config/bind-ports.ts';
import type { Project } from '../../config/load-config.ts';
import type { Ports } from '../../ports/ports.ts';
import { bigQuerySettings } from '../adapters/bigquery/harness.ts';
import { cloudServers } from '../support/cloud-servers.ts';
import { testServers } from '../support/servers.ts';
import { startBigQueryProxy } from './bigquery-proxy.ts';

/** A project whose warehouse is BigQuery and whose registry is a file in Cloud Storage, with Redis and files of this machine beside them. No definitions, no tables. */
export interface BigQueryProject extends Project {
  readonly ports: Ports;
  /** The texts of the queries whose jobs BigQuery made for the project, without dry runs. */
  jobs(): readonly string[];
  /** Ids of the jobs that BigQuery was asked to cancel. */
  cancelled(): readonly string[];
  /** From now on a job whose query has this text runs until it is cancelled. */
  holdJobs(text: string): void;
  query(sql: string): Promise<void>;
  /** `mart.<table>`, as SQL writes it. */
  inSql(table: string): string;
  /** Every key of the project in the online store, with its fields: equal for equal contents. */
  onlineContents(): Promise<string>;
  clearOnlineStore(): Promise<void>;
  remove(): Promise<void>;
}

export async function createBigQueryProject(): Promise<BigQueryProject> {
  const [bigquery, servers, cloud, folder] = await Promise.all([bigQuerySettings(), testServers(), cloudServers(), mkdtemp(join(tmpdir(), 'ml-pipeline-bigquery-'))]);
  const name = `bq_${randomBytes(6).toString('hex')}`;
  const proxy = await startBigQueryProxy(bigquery.api_endpoint!);
  const storage = createStorageClient({ project: cloud.project, apiEndpoint: cloud.gcsUrl });
  const bucket = storage.bucket(`registry-${name.replace('_', '-')}`);
  await bucket.create();
  await mkdir(join(folder, 'recipes'));
  const redisUrl = new URL(servers.redisUrl);
  const config: AppConfig = {
    project: name,
    warehouse: { type: 'bigquery', ...bigquery, api_endpoint: proxy.url } as AppConfig['warehouse'],
    registry: { type: 'feast_file', path: `gs://${bucket.name}/registry.db`, api_endpoint: cloud.gcsUrl },
    online_store: { type: 'redis', host: redisUrl.hostname, port: Number(redisUrl.port), password: redisUrl.password, key_ttl_seconds: 86_400 },
    artifacts: { type: 'file', folder: './data' },
    tracking: { type: 'mlflow_files', folder: './mlruns' },
    temporal: { address: servers.temporalAddress, namespace: 'default', task_queue: name, ui: 'http://127.0.0.1:1' },
    api: { host: '127.0.0.1', port: 1, model: 'models:/none@champion' },
    logs: { folder: './logs' },
    training: { threads: 1 },
  };
  const project: Project = { folder, environment: 'cloud', config };
  const ports = await bindPorts(project);
  await ports.warehouse.prepare();
  const direct = openBigQuery(bigquery);
  const redis = new Redis(servers.redisUrl);
  const keys = async (): Promise<Buffer[]> => {
    const found: Buffer[] = [];
    for await (const some of redis.scanBufferStream({ match: `*${name}`, count: 1000 }) as AsyncIterable<Buffer[]>) found.push(...some);
    return found;
  };
  const clearOnlineStore = async (): Promise<void> => {
    const found = await keys();
    if (found.length > 0) await redis.unlink(...found);
  };
  return {
    ...project,
    ports,
    jobs: proxy.jobs,
    cancelled: proxy.cancelled,
    holdJobs: proxy.hold,
    query: async (sql) => void (await direct.client.query(sql)),
    inSql: (table) => `\`${bigquery.project}\`.${bigquery.datasets.feature_mart}.${table}`,
    onlineContents: async () => {
      const found = [...new Set((await keys()).map((key) => key.toString('hex')))].sort();
      const answers = await found.reduce((pipeline, key) => pipeline.hgetallBuffer(Buffer.from(key, 'hex')), redis.pipeline()).exec();
      return found.map((key, i) => `${key} ${Object.entries(answers![i]![1] as Record<string, Buffer>).map(([field, value]) => `${Buffer.from(field).toString('hex')}=${value.toString('hex')}`).sort().join(' ')}`).join('\n');
    },
    clearOnlineStore,
    remove: async () => {
      await clearOnlineStore();
      await Promise.all([redis.quit(), closePorts(ports)]);
      await Promise.all(Object.values(bigquery.datasets).map(async (dataset) => {
        if ((await direct.client.dataset(dataset).exists())[0]) await direct.client.dataset(dataset).delete({ force: true });
      }));
      await direct.close();
      await bucket.deleteFiles({ force: true });
      await bucket.delete();
      await proxy.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
