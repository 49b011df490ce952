import { Redis } from 'ioredis';
import { PipelineError } from '../../domain/errors.ts';
import { readAddress, resolveAddress } from './address.ts';
import type { RedisAddress, ResolvedAddress } from './address.ts';
import { openCluster } from './cluster.ts';
import { explain } from './explain.ts';
import { createHashReader } from './hash-reader.ts';
import { keySlot } from './key-slot.ts';
import { whenReplicated } from './replicas.ts';
import { execute } from './servers.ts';
import type { RedisServers } from './servers.ts';

type Opened = Omit<RedisServers, 'slotOf'>;

/** Connections that open with their first call, open again when they were lost, and never wait longer than the timeout. Before the first call no file is read either. */
export function openRedis(address: RedisAddress): RedisServers {
  const whole = readAddress(address);
  let servers: Opened | undefined;
  let isClosed = false;
  const opened = (): Opened => {
    if (servers === undefined && isClosed) throw new PipelineError('UNAVAILABLE', 'The connection to Redis is closed.');
    return (servers ??= open(whole));
  };
  return {
    slotOf: whole.topology === 'cluster' || whole.topology === 'cluster_endpoint' ? keySlot : () => 0,
    send: async (commands) => opened().send(commands),
    readHashes: async (reads, take) => opened().readHashes(reads, take),
    primaries: async () => opened().primaries(),
    replicated: async (write) => opened().replicated(write),
    ping: async () => opened().ping(),
    explain: (error, action) => (error instanceof PipelineError ? error : opened().explain(error, action)),
    async close() {
      isClosed = true;
      await servers?.close();
    },
  };
}

function open(address: RedisAddress): Opened {
  const resolved = resolveAddress(address);
  return address.topology === 'cluster' ? openCluster(resolved, address.otherNodes ?? []) : openSingle(resolved);
}

function openSingle({ host, port, place, database, timeoutMs, replicas, options }: ResolvedAddress): Opened {
  const redis = new Redis({ ...options, host, port, db: database, lazyConnect: true, retryStrategy: (attempt) => Math.min(100 * attempt, 1000) });
  let lastFailure = '';
  const reading = redis.duplicate();
  for (const client of [redis, reading]) client.on('error', (error: Error) => (lastFailure = error.message)).on('ready', () => (lastFailure = ''));
  const reader = createHashReader(reading, timeoutMs);
  return {
    send: (commands) => (commands.length === 0 ? Promise.resolve([]) : execute(redis, commands)),
    readHashes: (reads, take) => reader.read(reads, take),
    primaries: () => Promise.resolve([redis]),
    replicated: (write) => whenReplicated(() => Promise.resolve([redis]), replicas, write),
    ping: async () => void (await redis.ping()),
    explain: (error, action) => explain(error, action, place, lastFailure),
    async close() {
      // A client that never connected, or lost its server, has nothing to say good-bye to.
      if (redis.status === 'ready') await redis.quit().catch((error: Error) => (lastFailure = error.message));
      redis.disconnect();
      await reader.close();
    },
  };
}
