import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { PipelineError } from '../../domain/errors.ts';
import type { ReplicaWait } from './replicas.ts';

/** Where the server is: a URL (`redis://[user][:password]@host:port[/database]`, `rediss://` for TLS), or its parts. */
export interface RedisAddress {
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  readonly database?: number;
  readonly tls?: boolean;
  /** PEM text of the authority that signed the server's certificate, where it is not a public one; asked for with the first call. */
  readonly certificateAuthority?: () => string;
  /**
   * - `single`: one server (the default).
   * - `cluster`: a Redis Cluster, of which the address names one server; the client finds the others and follows failovers.
   * - `cluster_endpoint`: one address behind which a proxy knows the servers: calls go there, and a script gets keys of one slot only.
   */
  readonly topology?: 'single' | 'cluster' | 'cluster_endpoint';
  /** Further servers of the cluster to ask where the first one is away. */
  readonly otherNodes?: readonly { readonly host: string; readonly port: number }[];
  /** Milliseconds that a call may take, connecting included, before it fails with UNAVAILABLE. Default 5000. */
  readonly timeoutMs?: number;
  /** Replicas of each server that must have what was written before a write is done; they have half of the timeout for it. Default 0: Redis answers first and replicates then. */
  readonly replicasToWait?: number;
}

export interface ResolvedAddress {
  readonly host: string;
  readonly port: number;
  /** How messages name it. */
  readonly place: string;
  readonly database: number;
  readonly timeoutMs: number;
  readonly replicas: ReplicaWait;
  /** What every connection is opened with, host and port aside. */
  readonly options: ReturnType<typeof connectionOptions>;
}

const RETRIES_PER_CALL = 2;

/** The address in its parts. INVALID_CONFIG where its URL is none. */
export function readAddress({ url, ...address }: RedisAddress): Omit<RedisAddress, 'url'> {
  return { ...address, ...(url === undefined ? {} : parseUrl(url)) };
}

/** How its connections are opened; reads the authority. */
export function resolveAddress(whole: Omit<RedisAddress, 'url'>): ResolvedAddress {
  const { host = 'localhost', port = 6379, database = 0, timeoutMs = 5000, replicasToWait = 0 } = whole;
  const place = `${whole.topology === 'cluster' ? 'Redis Cluster' : 'Redis'} at ${host}:${port}`;
  return { host, port, place, database, timeoutMs, replicas: { place, count: replicasToWait, timeoutMs: Math.ceil(timeoutMs / 2) }, options: connectionOptions({ ...whole, host }, timeoutMs) };
}

function connectionOptions({ host, topology, username, password, tls = false, certificateAuthority }: Omit<RedisAddress, 'url'> & { readonly host: string }, timeoutMs: number) {
  // By its name a proxy before several servers knows which one is meant. A cluster's servers tell names of their own.
  const name = topology === 'cluster' || isIP(host) !== 0 ? {} : { servername: host };
  return {
    protocol: 2 as const,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: { ...name, ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority() }), checkServerIdentity: identityCheck(host) } } : {}),
    disableClientInfo: true,
    connectTimeout: Math.min(timeoutMs, 2000),
    disconnectTimeout: 100, // of a connection that is gone already, this timer would keep the process
    commandTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    maxRetriesPerRequest: RETRIES_PER_CALL,
  };
}

/**
 * A server's certificate must be for the name or address that it is reached by. Servers of a cluster mostly tell their clients addresses, which certificates seldom have: there one for the
 * name that the configuration trusts will do, too.
 */
function identityCheck(trusted: string): NonNullable<ConnectionOptions['checkServerIdentity']> {
  return (host, certificate) => {
    const problem = checkServerIdentity(host, certificate);
    return problem === undefined || isIP(host) === 0 || isIP(trusted) !== 0 ? problem : checkServerIdentity(trusted, certificate);
  };
}

function parseUrl(text: string): Omit<RedisAddress, 'url'> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '' || !/^\/?\d*$/.test(url.pathname)) {
    throw new PipelineError('INVALID_CONFIG', 'The address of Redis is not of the form redis://[user][:password]@host:port[/database] (rediss:// for TLS).');
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    tls: url.protocol === 'rediss:',
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.pathname.length < 2 ? {} : { database: Number(url.pathname.slice(1)) }),
  };
}
