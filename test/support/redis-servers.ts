import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { selfSigned } from './self-signed.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BINARIES = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'bin');
const PRIMARIES = 3;

export interface TestRedisNode {
  readonly port: number;
  /** Ends the process as a crash would. */
  kill(): void;
  /** Stops the process where it is, its connections open, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Starts a killed one again, with what it had on disk: who is in the cluster, and no rows. */
  startAgain(): void;
}

export interface TestRedisCluster {
  readonly password: string;
  /** The primaries first, then a replica of each in the same order. */
  readonly nodes: readonly TestRedisNode[];
  close(): Promise<void>;
}

export interface TestTlsRedisCluster extends TestRedisCluster {
  /** What the server writes from now on reaches no replica, until `allowReplicas`. */
  refuseReplicas(node: number): Promise<void>;
  allowReplicas(node: number): Promise<void>;
  /** `master` or `slave`, in Redis' words. */
  roleOf(node: number): Promise<string>;
  readonly user: string;
  readonly certificateAuthority: string;
}

export interface TestTlsRedis {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly certificateAuthority: string;
  close(): Promise<void>;
}

/** How the online store is told of the cluster: by the name that its certificate is for. */
export function addressOfTls({ nodes, user: username, password, certificateAuthority }: TestTlsRedisCluster, node = 0) {
  return { topology: 'cluster', host: 'localhost', port: nodes[node]!.port, username, password, tls: true, certificateAuthority: () => certificateAuthority } as const;
}

/** Three primaries with a replica each, on 127.0.0.1. A replica takes over within about three seconds after its primary has gone. */
export async function startRedisCluster(): Promise<TestRedisCluster> {
  const password = randomBytes(12).toString('hex');
  const servers = await startCluster((port) => ({ port, settings: [`requirepass ${password}`, `masterauth ${password}`], files: {} }), { password });
  return { password, ...servers };
}

/**
 * The same with TLS alone, among the servers too, and a user that may do what the online store needs in a cluster and no more. The servers tell each other and their clients their address,
 * 127.0.0.1; their certificate is for the name localhost. `binaries`: the folder of redis-server.
 */
export async function startTlsRedisCluster(binaries = BINARIES): Promise<TestTlsRedisCluster> {
  const { certificate, privateKey } = selfSigned({ forAddress: false });
  const user = 'features';
  const [password, replicaPassword, operatorPassword] = [0, 1, 2].map(() => randomBytes(12).toString('hex')) as [string, string, string];
  const servers = await startCluster((port) => ({
    port: 0,
    settings: [
      ...tlsSettings(port),
      'tls-cluster yes',
      'tls-replication yes',
      'user default off',
      `user replica on >${replicaPassword} +psync +replconf +ping`,
      `user operator on >${operatorPassword} ~* &* +@all`,
      'masteruser replica',
      `masterauth ${replicaPassword}`,
      `user ${user} on >${password} ~* ${RIGHTS} +cluster`,
    ],
    files: { 'server.crt': certificate, 'server.key': privateKey },
  }), { username: user, password, tls: { ca: certificate, servername: 'localhost' } }, binaries);
  const asOperator = async <T>(node: number, work: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis({ host: '127.0.0.1', port: servers.nodes[node]!.port, username: 'operator', password: operatorPassword, tls: { ca: certificate, servername: 'localhost' } });
    try {
      return await work(client);
    } finally {
      client.disconnect();
    }
  };
  return {
    user,
    password,
    certificateAuthority: certificate,
    ...servers,
    refuseReplicas: (node) => asOperator(node, async (client) => {
      await client.call('ACL', 'SETUSER', 'replica', 'off');
      await client.call('CLIENT', 'KILL', 'TYPE', 'replica');
    }),
    allowReplicas: (node) => asOperator(node, async (client) => void (await client.call('ACL', 'SETUSER', 'replica', 'on'))),
    roleOf: (node) => asOperator(node, async (client) => /role:(\w+)/.exec(await client.info('replication'))![1]!),
  };
}

interface Access {
  readonly username?: string;
  readonly password: string;
  readonly tls?: { readonly ca: string; readonly servername: string };
}

/** `planOf`: a server's settings beside those of the cluster. `access`: how it is spoken to. */
async function startCluster(planOf: (port: number) => ServerPlan, access: Access, binaries = BINARIES): Promise<TestServerSet> {
  const count = 2 * PRIMARIES;
  const ports = await findFreePorts(2 * count);
  const ids = ports.slice(0, count).map(() => randomBytes(20).toString('hex'));
  const settings = ['cluster-enabled yes', 'cluster-node-timeout 1000', 'cluster-replica-validity-factor 0', 'repl-diskless-sync-delay 0'];
  const { nodes, close } = await startAll(ports.slice(0, count).map((port, index) => {
    const plan = planOf(port);
    // The servers' own record of the cluster, written beforehand: they need not be introduced to each other.
    return { port: plan.port, settings: [...settings, `cluster-port ${ports[count + index]}`, ...plan.settings], files: { ...plan.files, 'nodes.conf': nodesFile(ids, ports, index) } };
  }), binaries);
  const servers = { nodes: nodes.map((node, index) => ({ ...node, port: ports[index]! })), close };
  try {
    await waitFor('the cluster', async () => (await Promise.all(servers.nodes.map(({ port }) => clusterIsWhole(port, access)))).every(Boolean));
  } catch (error) {
    await servers.close();
    throw error;
  }
  return servers;
}

/** A server without a password, for what needs a database of its own. */
export async function startRedisServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const [port] = (await findFreePorts(1)) as [number];
  const servers = await startAll([{ port, settings: [], files: {} }]);
  await waitUntilAnswering(new Redis({ host: '127.0.0.1', port, ...PATIENT }));
  return { port, close: () => servers.close() };
}

/** A server that takes TLS connections only, with a user that may do what the online store needs and no more, or has other rights. `expired`: its certificate is. */
export async function startTlsRedis({ expired = false, rights = RIGHTS }: { readonly expired?: boolean; readonly rights?: string } = {}): Promise<TestTlsRedis> {
  const [port] = (await findFreePorts(1)) as [number];
  const { certificate, privateKey } = selfSigned(expired ? { validHours: -1 } : {});
  const [user, password] = ['features', randomBytes(12).toString('hex')];
  const servers = await startAll([{
    port: 0,
    settings: [
      ...tlsSettings(port),
      'user default off',
      `user ${user} on >${password} ~* ${rights}`,
    ],
    files: { 'server.crt': certificate, 'server.key': privateKey },
  }]);
  await waitUntilAnswering(new Redis({ host: '127.0.0.1', port, username: user, password, tls: { ca: certificate, rejectUnauthorized: !expired }, ...PATIENT }));
  return { port, user, password, certificateAuthority: certificate, close: () => servers.close() };
}

/** What docs/online-layout.md says that a user needs. */
const RIGHTS = '+@read +@write +@scripting +@connection +info +time';
const tlsSettings = (port: number): string[] => [`tls-port ${port}`, 'tls-cert-file server.crt', 'tls-key-file server.key', 'tls-ca-cert-file server.crt', 'tls-auth-clients no'];

const PATIENT = { retryStrategy: () => 50, maxRetriesPerRequest: 200 } as const;

async function waitUntilAnswering(client: Redis): Promise<void> {
  client.on('error', () => undefined); // not listening yet
  await client.ping();
  client.disconnect();
}

interface ServerPlan {
  readonly port: number;
  readonly settings: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}

interface TestServerSet {
  readonly nodes: readonly TestRedisNode[];
  close(): Promise<void>;
}

async function startAll(plans: readonly ServerPlan[], binaries = BINARIES): Promise<TestServerSet> {
  const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-redis-'));
  const children: ChildProcess[] = [];
  const nodes: TestRedisNode[] = [];
  for (const { port, settings, files } of plans) {
    const own = join(folder, String(nodes.length));
    await mkdir(own);
    for (const [name, text] of Object.entries(files)) await writeFile(join(own, name), text, { mode: 0o600 });
    const lines = ['bind 127.0.0.1', `port ${port}`, `dir "${own}"`, 'save ""', 'appendonly no', 'daemonize no', 'logfile "log"', ...settings];
    const start = (): ChildProcess => {
      const child = spawn(binary(binaries), ['-'], { stdio: ['pipe', 'ignore', 'ignore'], cwd: own });
      child.on('error', () => undefined); // waiting for its answer reports it
      child.stdin.end(`${lines.join('\n')}\n`);
      children.push(child);
      return child;
    };
    let child = start();
    const signal = (name: NodeJS.Signals) => (): void => void child.kill(name);
    nodes.push({ port, kill: signal('SIGKILL'), freeze: signal('SIGSTOP'), thaw: signal('SIGCONT'), startAgain: () => void (child = start()) });
  }
  // A test run that ends early takes its servers with it.
  const killAll = (): void => children.forEach((child) => child.kill('SIGKILL'));
  process.once('exit', killAll);
  return {
    nodes,
    async close() {
      const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
      const ended = running.map((child) => new Promise((resolve) => child.once('exit', resolve)));
      killAll();
      await Promise.all(ended);
      process.off('exit', killAll);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function binary(binaries: string): string {
  const file = join(binaries, 'redis-server');
  if (!existsSync(file)) throw new Error(`There is no ${file}: run scripts/install_tools.sh`);
  return file;
}

/** Slots 0 to 16383 in equal ranges. */
function nodesFile(ids: readonly string[], ports: readonly number[], self: number): string {
  const range = Math.ceil(16_384 / PRIMARIES);
  const lines = ids.map((id, index) => {
    const primary = index % PRIMARIES;
    const isPrimary = index < PRIMARIES;
    const flags = `${index === self ? 'myself,' : ''}${isPrimary ? 'master' : 'slave'}`;
    const slots = isPrimary ? ` ${primary * range}-${Math.min((primary + 1) * range, 16_384) - 1}` : '';
    return `${id} 127.0.0.1:${ports[index]}@${ports[ids.length + index]} ${flags} ${isPrimary ? '-' : ids[primary]} 0 0 ${primary + 1} connected${slots}`;
  });
  return `${lines.join('\n')}\nvars currentEpoch ${PRIMARIES} lastVoteEpoch 0\n`;
}

async function clusterIsWhole(port: number, access: Access): Promise<boolean> {
  const client = new Redis({ ...access, host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined); // not listening yet
  try {
    const [info, replication] = [String(await client.cluster('INFO')), await client.info('replication')];
    return info.includes('cluster_state:ok') && (/role:slave/.test(replication) ? /master_link_status:up/ : /connected_slaves:1/).test(replication);
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

async function waitFor(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await holds()); await sleep(50)) if (Date.now() > end) throw new Error(`${what} did not come up within 20 s`);
}
