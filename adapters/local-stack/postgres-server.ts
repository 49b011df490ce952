import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { PipelineError } from '../../domain/errors.ts';
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

export const POSTGRES_SUPERUSER = 'postgres';

/**
 * A PostgreSQL server on 127.0.0.1 with password logins (SCRAM), without a Unix socket. Makes the cluster first where there is none:
 * UTF-8, and sorted by code point, so that an order does not depend on the system's locales.
 */
export function postgresServer(options: PostgresOptions): ServerProcess {
  const account = unprivilegedAccount();
  makeCluster(options, account);
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
    command: join(options.binaries, 'postgres'),
    args: ['-D', options.dataFolder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    ports: [{ port: options.port, setting: 'POSTGRES_PORT' }],
    logFile: options.logFile,
    recordFile: options.recordFile,
    workingFolder: options.dataFolder,
    ...(account === undefined ? {} : { account }),
    answers: () => askPostgres(options.port, options.superuserPassword),
  };
}

/** PostgreSQL refuses to run as root: then the account `postgres` is used, or `nobody`. Without root it runs as the user. */
function unprivilegedAccount(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const entry = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody');
  if (entry === undefined) throw new PipelineError('UNSUPPORTED', 'PostgreSQL does not run as root, and there is neither an account `postgres` nor `nobody` in /etc/passwd. Run the stack as another user.');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

function makeCluster(options: PostgresOptions, account: { readonly uid: number; readonly gid: number } | undefined): void {
  if (existsSync(join(options.dataFolder, 'PG_VERSION'))) return;
  const parent = dirname(options.dataFolder);
  const building = `${options.dataFolder}.new`;
  const passwordFile = `${options.dataFolder}.password`;
  mkdirSync(parent, { recursive: true });
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { mode: 0o700 });
  writeFileSync(passwordFile, options.superuserPassword, { mode: 0o600 });
  try {
    for (const path of [building, passwordFile]) if (account !== undefined) chownSync(path, account.uid, account.gid);
    const args = ['-D', building, '-U', POSTGRES_SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8', ...(options.durable ? ['--data-checksums'] : ['--no-sync'])];
    const result = spawnSync(join(options.binaries, 'initdb'), args, { cwd: building, encoding: 'utf8', env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' }, ...account });
    if (result.status !== 0) throw new PipelineError('UNAVAILABLE', initdbFailure(options, parent, result.stderr ?? String(result.error), account !== undefined));
    renameSync(building, options.dataFolder);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(building, { recursive: true, force: true });
  }
}

function initdbFailure(options: PostgresOptions, parent: string, output: string, asOther: boolean): string {
  const cure = asOther && /permission denied/i.test(output) ? ` PostgreSQL cannot run as root, so it runs as the account postgres, which must be able to enter every folder above ${parent}: move the project out of a private home folder, or open it with chmod o+x.` : '';
  return `The PostgreSQL cluster in ${options.dataFolder} could not be made.${cure}\n${output.trim()}`;
}

/** Resolves when the server takes the superuser's password. */
async function askPostgres(port: number, password: string): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: POSTGRES_SUPERUSER, password, database: 'postgres', connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined); // a connection lost after the answer says nothing new
  await client.connect();
  await client.end();
}
