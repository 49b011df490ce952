import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';

/** Another account than this process's. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export const POSTGRES_SUPERUSER = 'postgres';

/** How every cluster of the local stack is made, native or in a container: UTF-8, sorted by code point, so that no order depends on a system's locales. */
export const INITDB_OPTIONS = ['--encoding=UTF8', '--locale=C.UTF-8', '--auth=scram-sha-256'] as const;

/** PostgreSQL refuses to run as root: then the account `postgres` is used, or `nobody`. Undefined without root: it runs as the user. */
export function postgresAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const entry = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody');
  if (entry === undefined) throw new PipelineError('UNSUPPORTED', 'PostgreSQL does not run as root, and /etc/passwd has neither an account `postgres` nor `nobody`. Run the stack as another user.');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

export interface ClusterOptions {
  readonly initdb: string;
  /** Where the cluster is, or a link to it where the account cannot enter this place. */
  readonly dataFolder: string;
  readonly superuserPassword: string;
  readonly durable: boolean;
  readonly account: Account | undefined;
}

/** Makes the cluster where there is none and returns its real folder. Half-made clusters are never used. */
export function ensureCluster(options: ClusterOptions): string {
  if (existsSync(join(options.dataFolder, 'PG_VERSION'))) return realpathSync(options.dataFolder);
  mkdirSync(dirname(options.dataFolder), { recursive: true });
  const folder = placeCluster(options.dataFolder, options.account);
  const building = `${folder}.new`;
  const passwordFile = `${folder}.password`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { mode: 0o700 });
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, options.superuserPassword, { mode: 0o600, flag: 'wx' });
  try {
    if (options.account !== undefined) for (const path of [building, passwordFile]) chownSync(path, options.account.uid, options.account.gid);
    const args = ['-D', building, '-U', POSTGRES_SUPERUSER, `--pwfile=${passwordFile}`, ...INITDB_OPTIONS, options.durable ? '--data-checksums' : '--no-sync'];
    const result = spawnSync(realpathSync(options.initdb), args, { cwd: building, encoding: 'utf8', env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' }, ...options.account });
    if (result.status !== 0) throw new PipelineError('UNAVAILABLE', `The PostgreSQL cluster in ${folder} could not be made by ${options.initdb}:\n${(result.stderr ?? String(result.error)).trim()}`);
    rmSync(folder, { recursive: true, force: true }); // what a killed attempt left: a cluster has a PG_VERSION
    renameSync(building, folder);
    return folder;
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(building, { recursive: true, force: true });
  }
}

/** Removes the cluster, also where dataFolder is a link to it. */
export function removeCluster(dataFolder: string): void {
  if (existsSync(dataFolder)) rmSync(realpathSync(dataFolder), { recursive: true, force: true });
  rmSync(dataFolder, { recursive: true, force: true });
}

/**
 * Where the cluster goes: dataFolder itself, unless the account cannot enter a folder above it (a project in root's private home folder).
 * Then it goes to /var/lib/ml-pipeline, and dataFolder becomes a link.
 */
function placeCluster(dataFolder: string, account: Account | undefined): string {
  if (account === undefined || canEnter(dirname(dataFolder), account)) return dataFolder;
  const elsewhere = join('/var/lib/ml-pipeline', createHash('sha256').update(dataFolder).digest('hex').slice(0, 12));
  mkdirSync(dirname(elsewhere), { recursive: true, mode: 0o755 });
  rmSync(dataFolder, { recursive: true, force: true });
  symlinkSync(elsewhere, dataFolder);
  return elsewhere;
}

/** Whether the account may pass through the folder and all above it. */
export function canEnter(folder: string, account: Account): boolean {
  const { uid, gid, mode } = statSync(folder);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  const parent = dirname(folder);
  return (mode & bit) !== 0 && (parent === folder || canEnter(parent, account));
}
