import { Redis } from 'ioredis';
import { PipelineError } from '../../domain/errors.ts';

/** Where the server is: a URL (`redis://[user][:password]@host:port[/database]`, `rediss://` for TLS), or its parts. */
export interface RedisAddress {
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  readonly database?: number;
  readonly tls?: boolean;
  /** PEM text of the authority that signed the server's certificate, where it is not a public one. */
  readonly certificateAuthority?: string;
  /** Milliseconds that a call may take, connecting included, before it fails with UNAVAILABLE. Default 5000. */
  readonly timeoutMs?: number;
}

export interface RedisConnection {
  readonly redis: Redis;
  /** Turns whatever a call threw into the error that the caller sees. It carries no arguments of the call, so no data and no password. */
  explain(error: unknown, action: string): PipelineError;
  close(): Promise<void>;
}

const RETRIES_PER_CALL = 2;

/** A connection that opens with its first call, opens again when it was lost, and never waits longer than the timeout. */
export function openRedis(address: RedisAddress): RedisConnection {
  const { host, port, username, password, database, tls } = resolveAddress(address);
  const timeoutMs = address.timeoutMs ?? 5000;
  const redis = new Redis({
    host,
    port,
    db: database,
    protocol: 2,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: address.certificateAuthority === undefined ? {} : { ca: address.certificateAuthority } } : {}),
    lazyConnect: true,
    disableClientInfo: true,
    connectTimeout: Math.min(timeoutMs, 2000),
    disconnectTimeout: 100, // of a connection that is gone already, this timer would keep the process
    commandTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    maxRetriesPerRequest: RETRIES_PER_CALL,
    retryStrategy: (attempt) => Math.min(100 * attempt, 1000),
  });
  let lastFailure = '';
  redis.on('error', (error: Error) => (lastFailure = error.message));
  redis.on('ready', () => (lastFailure = ''));
  const server = `Redis at ${host}:${port}`;
  return {
    redis,
    explain: (error, action) => explain(error, action, server, lastFailure),
    async close() {
      // A client that never connected, or lost its server, has nothing to say good-bye to.
      if (redis.status === 'ready') await redis.quit().catch((error: Error) => (lastFailure = error.message));
      redis.disconnect();
    },
  };
}

/** Answers of the server by their beginning, and what to do about each. */
const ANSWERS = [
  [/^(WRONGPASS|NOAUTH|ERR invalid password|ERR AUTH)/, 'INVALID_CONFIG', 'refuses the user name or password. Set the right ones in .env (see .env.example).'],
  [/^NOPERM/, 'INVALID_CONFIG', 'does not allow its user this command: the user needs +@read +@write +@scripting +info on all keys of the project.'],
  [/^WRONGTYPE/, 'INVALID_DATA', 'holds something else than a hash under the key of an entity: another program uses this database. Choose another database number.'],
  [/^(CROSSSLOT|MOVED|ASK)/, 'UNSUPPORTED', 'is a cluster that spreads keys over servers. Give the address of a single endpoint, and write one row per call (rowsPerCall: 1).'],
  [/a stored timestamp/, 'INVALID_DATA', 'holds an event timestamp that cannot be read. Remove the key, or materialize into another project.'],
  [/^OOM/, 'UNAVAILABLE', 'is full. Raise maxmemory, or shorten the keys\' lifetime.'],
  [/^(LOADING|BUSY|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF)/, 'UNAVAILABLE', 'is not ready for this call.'],
] as const;

function explain(error: unknown, action: string, server: string, lastFailure: string): PipelineError {
  if (error instanceof PipelineError) return error;
  if (!(error instanceof Error)) return new PipelineError('UNAVAILABLE', `${server} could not ${action}: ${String(error)}`);
  const wrongAnswer = ANSWERS.find(([pattern]) => pattern.test(error.message) || (pattern.test(lastFailure) && error.name !== 'ReplyError'));
  if (wrongAnswer !== undefined) return new PipelineError(wrongAnswer[1], `${server} could not ${action}: it ${wrongAnswer[2]} (${error.message.slice(0, 200)})`);
  // The server's own words may quote a call's arguments: only their kind is repeated.
  if (error.name === 'ReplyError') return new PipelineError('UNSUPPORTED', `${server} could not ${action}: it answered ${error.message.split(' ', 1)[0]}. Is it Redis 7 or later?`);
  if (isProgrammingError(error)) throw error;
  const reason = lastFailure === '' ? error.message : lastFailure;
  return new PipelineError('UNAVAILABLE', `${server} could not ${action}: ${reason}. Is the server running, and is the address right?`);
}

function isProgrammingError(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

function resolveAddress(address: RedisAddress) {
  const parts = address.url === undefined ? {} : parseUrl(address.url);
  const { host = 'localhost', port = 6379, username, password, database = 0, tls = false } = { ...address, ...parts };
  return { host, port, username, password, database, tls };
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
