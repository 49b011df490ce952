import { Redis } from 'ioredis';
import { resolveAddress } from './address.ts';
import type { RedisAddress, ResolvedAddress } from './address.ts';
import { openCluster } from './cluster.ts';
import { explain } from './explain.ts';
import { createHashReader } from './hash-reader.ts';
import { keySlot } from './key-slot.ts';
import { whenReplicated } from './replicas.ts';
import { execute } from './servers.ts';
import type { RedisServers } from './servers.ts';

/** Connections that open with their first call, open again when they were lost, and never wait longer than the timeout. */
export function openRedis(address: RedisAddress): RedisServers {
  const resolved = resolveAddress(address);
  if (address.topology === 'cluster') return openCluster(resolved, address.otherNodes ?? []);
  return openSingle(resolved, address.topology === 'cluster_endpoint' ? keySlot : () => 0);
}

function openSingle({ host, port, place, database, timeoutMs, replicas, options }: ResolvedAddress, slotOf: RedisServers['slotOf']): RedisServers {
  const redis = new Redis({ ...options, host, port, db: database, lazyConnect: true, retryStrategy: (attempt) => Math.min(100 * attempt, 1000) });
  let lastFailure = '';
  const reading = redis.duplicate();
  for (const client of [redis, reading]) client.on('error', (error: Error) => (lastFailure = error.message)).on('ready', () => (lastFailure = ''));
  const reader = createHashReader(reading, timeoutMs);
  return {
    slotOf,
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
