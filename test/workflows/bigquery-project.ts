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
import { startStandIn, type Answer, type Asked } from '../adapters/mlflow-rest/stand-in.ts';
import { bigQuerySettings } from '../adapters/bigquery/harness.ts';
import { cloudServers } from '../support/cloud-servers.ts';
import { testServers } from '../support/servers.ts';

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
  const proxy = await startProxy(bigquery.api_endpoint!);
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

interface AskedJob {
  readonly jobReference?: { readonly jobId?: string };
  readonly configuration: { readonly dryRun?: boolean; readonly query?: { readonly query: string } };
}

/** BigQuery's address that passes everything on, except jobs that are held: those run until they are cancelled (cloud.google.com/bigquery/docs/reference/rest/v2/jobs/cancel), and are `stopped` then. */
async function startProxy(target: string) {
  const [jobs, cancelled] = [[] as string[], [] as string[]];
  const held = new Map<string, AskedJob>();
  let holding: string | undefined;
  const json = (body: unknown): Answer => ({ headers: { 'content-type': 'application/json' }, body });
  const state = (id: string): object => ({ ...held.get(id), status: cancelled.includes(id) ? { state: 'DONE', errorResult: { reason: 'stopped', message: 'Job execution was cancelled: User requested cancellation' } } : { state: 'RUNNING' } });
  const answer = async (asked: Asked): Promise<Answer> => {
    const [, id = '', action = ''] = /\/projects\/[^/]+\/jobs\/?([^/?]*)(\/cancel)?/.exec(asked.path) ?? [];
    if (asked.method === 'POST' && action !== '') cancelled.push(id);
    if (held.has(id)) return json(action === '' ? state(id) : { job: state(id) });
    if (asked.method === 'POST' && id === '' && /\/jobs\/?(\?|$)/.test(asked.path) && !asked.path.startsWith('/upload')) {
      const job = JSON.parse(asked.text) as AskedJob;
      const sql = job.configuration.query?.query;
      if (sql !== undefined && job.configuration.dryRun !== true) {
        const isHeld = holding !== undefined && sql.includes(holding);
        if (isHeld) held.set(job.jobReference!.jobId!, job);
        const made = isHeld ? json(state(job.jobReference!.jobId!)) : await passOn(target, asked);
        if ((made.status ?? 200) === 200) jobs.push(sql); // 409: it is there already
        return made;
      }
    }
    return passOn(target, asked);
  };
  const { uri, stop } = await startStandIn(answer);
  return { url: uri, jobs: () => jobs, cancelled: () => cancelled, hold: (text: string) => { holding = text; }, stop };
}

async function passOn(target: string, { method, path, headers, text }: Asked): Promise<Answer> {
  const type = headers['content-type'] as string | undefined;
  const body = method === 'GET' || method === 'HEAD' || text === '' ? {} : { body: text };
  const answer = await fetch(`${target}${path}`, { method, ...body, headers: type === undefined ? {} : { 'content-type': type } });
  return { status: answer.status, headers: { 'content-type': answer.headers.get('content-type') ?? 'application/json' }, body: await answer.text() };
}
