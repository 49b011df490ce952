import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { refuseProblems } from '../../domain/errors.ts';

/** Who listens on a TCP port of this machine. pid and command are missing where the process belongs to another user. */
export interface PortHolder {
  readonly port: number;
  readonly pid?: number;
  readonly command?: string;
}

/** A port and the setting that changes it. */
export interface PortSetting {
  readonly port: number;
  readonly setting: string;
}

const LISTEN = '0A';

/** The process that listens on `port` (IPv4 or IPv6, any address), read from /proc; undefined when the port is free. */
export function findPortHolder(port: number): PortHolder | undefined {
  return findHolder(port, LISTEN);
}

/** The process that has a socket of any state on `port`, such as one that connects to elsewhere from it; undefined when none is seen. */
export function findSocketHolder(port: number): PortHolder | undefined {
  return findHolder(port, undefined);
}

function findHolder(port: number, state: string | undefined): PortHolder | undefined {
  const inodes = new Set([...socketInodes('/proc/net/tcp', port, state), ...socketInodes('/proc/net/tcp6', port, state)]);
  if (inodes.size === 0) return undefined;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || !holdsSocket(name, inodes)) continue;
    return { port, pid: Number(name), command: commandOf(name) };
  }
  return { port };
}

/** `process 812 (redis-server *:6379)`, or what can be said when the process is not ours to see. */
export function describeHolder(holder: PortHolder): string {
  return holder.pid === undefined ? "another user's process" : `process ${holder.pid} (${holder.command ?? 'unknown'})`;
}

/** Refuses, with every held port and its holder, to start something on these ports. */
export function refuseHeldPorts(refusal: string, ports: readonly PortSetting[]): void {
  refuseProblems('CONFLICT', refusal, ports.flatMap(({ port, setting }) => {
    const holder = findPortHolder(port);
    if (holder === undefined) return [];
    return [{ path: setting, message: `port ${port} on this machine is in use by ${describeHolder(holder)}.`, cure: `Set another ${setting} in .env, or end that process; the stack did not start it, so it is left alone.` }];
  }));
}

/** `count` different free ports on the loopback interface. They are free now; nothing keeps them so. */
export async function findFreePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise<Server>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve(server));
    })),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Whether something accepts TCP connections on the loopback port. */
export function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false)).once('timeout', () => end(false));
  });
}

/** `state` undefined: any. A socket that is only waited out has no inode. */
function socketInodes(table: string, port: number, state: string | undefined): string[] {
  let text: string;
  try {
    text = readFileSync(table, 'utf8');
  } catch {
    return []; // this kernel has no IPv6
  }
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return text.split('\n').slice(1).flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[1]?.endsWith(suffix) === true && (state === undefined || fields[3] === state) && fields[9] !== undefined && fields[9] !== '0' ? [fields[9]] : [];
  });
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const target = readlink(`/proc/${pid}/fd/${fd}`);
      return target.startsWith('socket:[') && inodes.has(target.slice(8, -1));
    });
  } catch {
    return false; // ended meanwhile, or another user's
  }
}

function readlink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 200);
  } catch {
    return 'ended meanwhile';
  }
}
