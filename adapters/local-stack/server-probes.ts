import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { ProbeResult } from '../../ports/probe.ts';
import { LOCAL_DATABASE } from './database.ts';
import { probe } from './machine-probes.ts';
import { acceptsConnections, describeHolder, findPortHolder } from './port-holder.ts';
import { REDIS_PERSISTENCE } from './redis-server.ts';
import type { StackSettings } from './settings.ts';

const START = 'Run: ml-pipeline stack up';

/** How the servers must be set up, beside answering; each probe names its own cure. */
export async function serverProbes(settings: StackSettings): Promise<ProbeResult[]> {
  const { ports } = settings;
  return Promise.all([
    probe('PostgreSQL', `${START} (see ./logs/postgres.log)`, () => postgres(settings)),
    ...(hasSampleRecipes(settings) ? [probe('sample data', `${(await acceptsConnections(ports.POSTGRES_PORT)) ? 'Run' : `${START}, then`}: ml-pipeline data load`, () => sampleData(settings))] : []),
    probe('Redis', `${START} (see ./logs/redis.log)`, () => redis(settings)),
    probe("Temporal's web UI", `${START}; the setting is TEMPORAL_UI_PORT.`, () => page(`http://127.0.0.1:${ports.TEMPORAL_UI_PORT}/`)),
    probe("the API's port", 'End that process, or set another API_PORT in .env.', () => freeOrOurs(ports.API_PORT, '/health/live')),
    probe("the port of MLflow's web UI", 'End that process, or set another MLFLOW_PORT in .env.', () => freeOrOurs(ports.MLFLOW_PORT, '/health')),
  ]);
}

async function asAccount<T>(settings: StackSettings, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { name, account } = LOCAL_DATABASE;
  const client = new pg.Client({ host: '127.0.0.1', port: settings.ports.POSTGRES_PORT, user: account, password: settings.passwords.POSTGRES_PASSWORD, database: name, connectionTimeoutMillis: 5000, query_timeout: 10_000 });
  client.on('error', () => undefined); // the query that fails reports it
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw explained(error, settings.ports.POSTGRES_PORT);
  } finally {
    await client.end();
  }
}

function postgres(settings: StackSettings): Promise<string> {
  return asAccount(settings, async (client) => {
    const { rows } = await client.query<{ version: string; number: string; schemas: string[] }>(
      "SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number, ARRAY(SELECT nspname::text FROM pg_namespace WHERE nspname = ANY($1)) AS schemas",
      [LOCAL_DATABASE.schemas],
    );
    const [{ version, number, schemas } = { version: '', number: '0', schemas: [] }] = rows;
    if (Number(number) < 150_000) throw new Error(`version ${version} is too old: 15 or newer is needed`);
    const missing = LOCAL_DATABASE.schemas.filter((schema) => !schemas.includes(schema));
    if (missing.length > 0) throw new Error(`version ${version} answers, but lacks the schemas ${missing.join(', ')}`);
    return `version ${version}, all schemas there`;
  });
}

const hasSampleRecipes = (settings: StackSettings): boolean => existsSync(join(settings.projectFolder, 'recipes', 'sql', 'flights_spine.sql.j2'));

function sampleData(settings: StackSettings): Promise<string> {
  return asAccount(settings, async (client) => {
    const { rows } = await client.query<{ table: string | null }>("SELECT to_regclass('raw_data.flights')::text AS table");
    if ((rows[0]?.table ?? null) === null) throw new Error('the table raw_data.flights is missing');
    const { rows: counts } = await client.query<{ flights: string }>('SELECT count(*) AS flights FROM raw_data.flights');
    const flights = Number(counts[0]?.flights);
    if (flights === 0) throw new Error('the table raw_data.flights is empty');
    return `${flights.toLocaleString('en')} flights`;
  });
}

async function redis(settings: StackSettings): Promise<string> {
  const port = settings.ports.REDIS_PORT;
  const client = new Redis({ host: '127.0.0.1', port, password: settings.passwords.REDIS_PASSWORD, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, connectTimeout: 5000, commandTimeout: 5000 });
  let lost: Error | undefined;
  client.on('error', (error: Error) => (lost ??= error));
  try {
    await client.connect();
    const version = /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'unknown';
    if (Number.parseInt(version, 10) < 7) throw new Error(`version ${version} is too old: 7 or newer is needed`);
    for (const [name, wanted] of Object.entries(REDIS_PERSISTENCE)) {
      const [, value] = (await client.config('GET', name)) as [string, string];
      if (value !== wanted) throw new Error(`version ${version} answers, but its setting ${name} is ${value}, not ${wanted}: values could be lost`);
    }
    return `version ${version}, append-only file on`;
  } catch (error) {
    throw explained(lost ?? error, port);
  } finally {
    client.disconnect();
  }
}

async function page(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => {
    throw new Error(`nothing answers at ${url}`);
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return url;
}

/** A port that is free, or held by the program that belongs there. */
async function freeOrOurs(port: number, path: string): Promise<string> {
  const holder = process.platform === 'linux' ? findPortHolder(port) : undefined;
  if (holder === undefined) return `${port}, free`;
  const answered = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(3000) }).then((response) => response.ok, () => false);
  if (!answered) throw new Error(`port ${port} is in use by ${describeHolder(holder)}, which does not answer ${path}`);
  return `${port}, answers ${path}`;
}

/** The message of a connection's error, which can be empty where every address was refused. */
function explained(error: unknown, port: number): Error {
  const { code, message } = error as { code?: string; message: string };
  if (code === 'ECONNREFUSED') return new Error(`nothing listens on port ${port}`);
  return new Error(message || code || 'no answer');
}
