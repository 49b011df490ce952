/**
 * Adds to package-lock.json the optional packages of other platforms that it lacks. `npm install` leaves out those that the registry in use
 * does not hold, and `npm ci` then refuses the lockfile on every platform. Run it after each `npm install`:
 *   node --import tsx scripts/complete-lockfile.ts
 * The entries have a version and no hash: npm takes the package of another platform from that platform's registry by version alone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockEntry>>;
  readonly [field: string]: unknown;
}

const SYSTEMS = ['darwin', 'linux', 'win32', 'freebsd', 'openbsd', 'android'];
/** Names of processors as packages write them, where they differ from Node's. */
const PROCESSORS: Readonly<Record<string, string>> = { armv7: 'arm', aarch64: 'arm64', x86_64: 'x64' };

/** The lockfile with an entry for every optional dependency of every entry; the names added. */
export function completeLockfile(lockfile: Lockfile): { readonly lockfile: Lockfile; readonly added: readonly string[] } {
  const packages: Record<string, LockEntry> = { ...lockfile.packages };
  const added: string[] = [];
  for (const [place, entry] of Object.entries(lockfile.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isFound(packages, place, name)) continue;
      packages[`node_modules/${name}`] = { version, ...(entry.dev === true ? { dev: true } : {}), optional: true, ...platformOf(name) };
      added.push(name);
    }
  }
  const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { lockfile: { ...lockfile, packages: sorted }, added };
}

/** Node's rule: a package is looked for in the dependent's own node_modules, then in each folder's above it. */
function isFound(packages: Readonly<Record<string, LockEntry>>, place: string, name: string): boolean {
  for (let base = place; ; base = base.slice(0, Math.max(0, base.lastIndexOf('node_modules/') - 1))) {
    if (`${base === '' ? '' : `${base}/`}node_modules/${name}` in packages) return true;
    if (base === '') return false;
  }
}

/** `@scope/tool-linux-arm64-musl` -> os linux, cpu arm64: how every such package is named. */
function platformOf(name: string): { readonly os?: readonly string[]; readonly cpu?: readonly string[] } {
  const parts = (name.split('/').at(-1) ?? name).split('-');
  const at = parts.findIndex((part) => SYSTEMS.includes(part));
  const [system, processor] = [parts[at], parts[at + 1]];
  if (at < 0 || system === undefined || processor === undefined) return {};
  return { cpu: [PROCESSORS[processor] ?? processor], os: [system] };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = 'package-lock.json';
  const { lockfile, added } = completeLockfile(JSON.parse(readFileSync(file, 'utf8')) as Lockfile);
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lockfile, null, 2)}\n`);
  console.log(added.length === 0 ? 'complete already' : `added: ${added.join(', ')}`);
}
