import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { createFeastSqlRegistry } from '../../../adapters/feast/registry/sql-registry.ts';
import type { FeatureRegistry } from '../../../ports/feature-registry.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { testServers } from '../../support/servers.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PYTHON = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'feast', 'bin', 'python');

/** A database that Feast's Python client and ours both use. */
export interface RegistrySide {
  readonly database: TestDatabase;
  readonly client: pg.Client;
  /** Our registry of a project; closed with the side. */
  registryOf(project: string): FeatureRegistry;
  /** Runs a command of registry_client.py on the project. */
  feast(command: string, project: string, options?: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** Whether Feast is installed; where every tool has to be, an error says how. */
export function hasFeast(): boolean {
  if (existsSync(PYTHON)) return true;
  if (process.env['CI'] === 'true') throw new Error(`There is no ${PYTHON}: run scripts/install_tools.sh feast`);
  return false;
}

export async function createSide(): Promise<RegistrySide> {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const registries: FeatureRegistry[] = [];
  const environment = await clientEnvironment(database);
  return {
    database,
    client,
    registryOf: (project) => {
      const registry = createFeastSqlRegistry({ connectionString: database.url, schema: 'feast_registry', project });
      registries.push(registry);
      return registry;
    },
    feast: (command, project, options = null) =>
      new Promise((resolve, reject) => {
        const script = join(ROOT, 'test/interop/feast/registry_client.py');
        const child = execFile(PYTHON, ['-W', 'ignore', script, command], { env: { ...environment, PROJECT: project }, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
          if (error === null) resolve(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
          else reject(new Error(`registry_client.py ${command}: ${stderr}`));
        });
        child.stdin?.end(JSON.stringify(options));
      }),
    close: async () => {
      await Promise.all(registries.map((registry) => registry.close()));
      await client.end();
      await database.drop();
    },
  };
}

/** What config/environments/feast/local_feature_store.yaml takes from the environment, and what registry_client.py takes besides. */
async function clientEnvironment(database: TestDatabase): Promise<NodeJS.ProcessEnv> {
  const [postgres, redis] = [new URL(database.url), new URL((await testServers()).redisUrl)];
  return {
    ...process.env,
    POSTGRES_HOST: postgres.hostname,
    POSTGRES_PORT: postgres.port,
    POSTGRES_USER: postgres.username,
    POSTGRES_PASSWORD: decodeURIComponent(postgres.password),
    POSTGRES_DATABASE: postgres.pathname.slice(1),
    REDIS_HOST: redis.hostname,
    REDIS_PORT: redis.port,
    REDIS_PASSWORD: decodeURIComponent(redis.password),
    FEAST_USAGE: 'False',
  };
}

export async function redisConfig(): Promise<{ readonly host: string; readonly port: number; readonly password: string }> {
  const url = new URL((await testServers()).redisUrl);
  return { host: url.hostname, port: Number(url.port), password: decodeURIComponent(url.password) };
}
