import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { PipelineError } from '../../domain/errors.ts';
import { POSTGRES_SUPERUSER, ensureCluster, postgresAccount } from './postgres-cluster.ts';
import type { ServerProcess } from './server-process.ts';

export interface PostgresOptions {
  /** Folder with the links `postgres` and `initdb`. */
  readonly binaries: string;
  /** The cluster's own folder; made when it is not there. */
  readonly dataFolder: string;
  readonly logFile: string;
  readonly recordFile: string;
  readonly port: number;
  readonly superuserPassword: string;
  /** false: no fsync, for tests, whose data may be lost with the power. */
  readonly durable: boolean;
}

/** A PostgreSQL server on 127.0.0.1 with password logins (SCRAM), without a Unix socket. Makes its cluster first where there is none. */
export function postgresServer(options: PostgresOptions): ServerProcess {
  const account = postgresAccount();
  const folder = ensureCluster({ ...options, initdb: join(options.binaries, 'initdb'), account });
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    unix_socket_directories: '',
    shared_buffers: options.durable ? '256MB' : '128MB',
    max_connections: options.durable ? '100' : '200',
    max_wal_size: '2GB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return {
    name: 'PostgreSQL',
    command: realpathSync(join(options.binaries, 'postgres')), // the account may not be able to enter the folder with the link
    args: ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    ports: [{ port: options.port, setting: 'POSTGRES_PORT' }],
    logFile: options.logFile,
    recordFile: options.recordFile,
    workingFolder: folder,
    stopSignal: 'SIGINT', // fast shutdown; SIGTERM would wait until every client has left
    ...(account === undefined ? {} : { account }),
    answers: () => askPostgres(options.port, options.superuserPassword),
  };
}

/** Resolves when the server takes the superuser's password. */
async function askPostgres(port: number, password: string): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: POSTGRES_SUPERUSER, password, database: 'postgres', connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined); // a connection lost after the answer says nothing new
  try {
    await client.connect();
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') throw error;
    throw new PipelineError('INVALID_CONFIG', `PostgreSQL on port ${port} does not take POSTGRES_SUPERUSER_PASSWORD of .env: its data were made with another one. Put the old .env back, or start over without the data: ml-pipeline stack reset --yes`, { cause: error });
  }
  await client.end();
}
