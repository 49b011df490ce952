import type { Redis } from 'ioredis';
import type { EntityKeyReader } from '../feast/codec/entity-key-reader.ts';
import type { RedisServers } from './servers.ts';

/** Keys that the server looks at per round trip: some milliseconds, for which other clients wait. */
const SCAN_COUNT = 2000;

/**
 * The keys of entities, some at a time; every one that is there from beginning to end comes at least once, others may. The server looks at all keys of the database,
 * whoever's they are.
 */
export async function* scanKeys(servers: RedisServers, keys: EntityKeyReader): AsyncGenerator<readonly Buffer[], undefined> {
  const pattern = Buffer.concat([escapeGlob(keys.prefix), Buffer.from('*'), escapeGlob(keys.suffix)]);
  for (const server of await servers.primaries()) {
    for await (const found of matchingKeys(server, pattern)) {
      const own = found.filter(keys.matches);
      if (own.length > 0) yield own;
    }
  }
  return undefined;
}

/** The keys that fit the pattern, some at a time, as `scanKeys` says. */
export async function* matchingKeys(server: Redis, pattern: Buffer): AsyncGenerator<readonly Buffer[], undefined> {
  let cursor = '0';
  do {
    const [next, found] = (await server.callBuffer('SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT)) as [Buffer, Buffer[]];
    cursor = next.toString();
    yield found;
  } while (cursor !== '0');
  return undefined;
}

/** Bytes that SCAN's pattern takes as they are. */
export function escapeGlob(bytes: Buffer): Buffer {
  const escaped: number[] = [];
  for (const byte of bytes) {
    if ('*?[]\\^-'.includes(String.fromCharCode(byte))) escaped.push(0x5c);
    escaped.push(byte);
  }
  return Buffer.from(escaped);
}
