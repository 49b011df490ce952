import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly millis: number;
}

export interface StartedCommand {
  readonly child: ChildProcessWithoutNullStreams;
  readonly finished: Promise<Finished>;
  /** Resolves when standard error has had this text. */
  said(text: string): Promise<void>;
}

/** Starts `ml-pipeline` as users do, in a folder. */
export function startCommand(folder: string, ...args: readonly string[]): StartedCommand {
  return startCommandWith({}, folder, ...args);
}

/** The same, with variables in place of those of this process. */
export function startCommandWith(variables: NodeJS.ProcessEnv, folder: string, ...args: readonly string[]): StartedCommand {
  const started = Date.now();
  const { APP_ENV: _, ...inherited } = process.env;
  const environment = { ...inherited, ...variables };
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'ml-pipeline.js'), ...args], { cwd: folder, env: environment });
  let [stdout, stderr] = ['', ''];
  const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const { text: wanted, resolve } of waiting) if (stderr.includes(wanted)) resolve();
  });
  const finished = new Promise<Finished>((resolve, reject) => child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr, millis: Date.now() - started })));
  return {
    child,
    finished,
    said: (text) =>
      Promise.race([
        new Promise<void>((resolve) => (stderr.includes(text) ? resolve() : waiting.push({ text, resolve }))),
        finished.then(({ code }) => {
          if (!stderr.includes(text)) throw new Error(`ended with ${code} and never said ${JSON.stringify(text)}:\n${stderr}`);
        }),
      ]),
  };
}

export const runCommand = (folder: string, ...args: readonly string[]): Promise<Finished> => startCommand(folder, ...args).finished;

export interface ProjectServers {
  readonly postgresUrl?: string;
  readonly redisUrl?: string;
  readonly temporalAddress?: string;
  readonly taskQueue?: string;
  readonly project?: string;
  readonly apiPort?: number;
  readonly featureServer?: 'all' | 'read' | 'off';
  readonly stopDelaySeconds?: number;
}

/** A port where nothing listens. */
const CLOSED = 1;

/** A project folder as `init` would make it, over these servers; those not given are away. */
export async function makeProject(servers: ProjectServers = {}): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'cli-'));
  await mkdir(join(folder, 'config', 'environments'), { recursive: true });
  await cp(join(ROOT, 'recipes'), join(folder, 'recipes'), { recursive: true });
  const postgres = new URL(servers.postgresUrl ?? `postgresql://nobody:secret-word@127.0.0.1:${CLOSED}/none`);
  const redis = new URL(servers.redisUrl ?? `redis://:secret-word@127.0.0.1:${CLOSED}/0`);
  const settings = {
    project: servers.project ?? 'cli_test',
    warehouse: { type: 'postgres', host: postgres.hostname, port: Number(postgres.port), database: postgres.pathname.slice(1), user: postgres.username, password: postgres.password },
    registry: { type: 'feast_sql', schema: 'feast_registry' },
    online_store: { type: 'redis', host: redis.hostname, port: Number(redis.port), password: redis.password, key_ttl_seconds: 86_400 },
    artifacts: { type: 'file', folder: './data' },
    tracking: { type: 'mlflow_files', folder: './mlruns' },
    temporal: { address: servers.temporalAddress ?? `127.0.0.1:${CLOSED}`, namespace: 'default', task_queue: servers.taskQueue ?? 'cli-test', ui: 'http://127.0.0.1:1' },
    api: { host: '127.0.0.1', port: servers.apiPort ?? CLOSED, model: 'models:/arrival@champion', feature_server: servers.featureServer, stop_delay_seconds: servers.stopDelaySeconds },
    logs: { folder: './logs' },
  };
  await writeFile(join(folder, 'config', 'environments', 'local.yaml'), JSON.stringify(settings, null, 2));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Definitions of one view over `feature_mart.counters`, with one feature for each name. */
export async function writeDefinitions(folder: string, features: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(folder, 'feature_repo'), { recursive: true });
  const fields = Object.entries(features).map(([name, type]) => `{ name: '${name}', type: '${type}' }`);
  await writeFile(join(folder, 'feature_repo', 'index.ts'), `
    import { defineEntity, defineFeatureRepository, defineFeatureService, defineFeatureView } from '${join(ROOT, 'domain', 'features', 'define.ts')}';
    const customer = defineEntity({ name: 'customer', joinKey: 'customer_id', valueType: 'Int64' });
    const counters = defineFeatureView({
      name: 'counters', entities: [customer], ttlSeconds: 86400, description: 'Counted.', features: [${fields.join(', ')}],
      source: { name: 'counters', table: 'feature_mart.counters', timestampField: 'event_timestamp', createdTimestampColumn: 'created_timestamp' },
    });
    export default defineFeatureRepository({ entities: [customer], featureViews: [counters], featureServices: [defineFeatureService({ name: 'counting_v1', features: [{ view: counters }] })] });
  `);
}
