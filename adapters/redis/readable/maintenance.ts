import type { FeatureValue } from '../../../domain/features/value-types.ts';
import { parseInstant } from '../../../domain/instant.ts';
import type { RowVersion } from '../../../ports/online-store.ts';
import { escapeGlob, matchingKeys } from '../scan-keys.ts';
import { runScript } from '../script.ts';
import { answered } from '../servers.ts';
import type { RedisServers } from '../servers.ts';
import { KEYS_BESIDE_FEATURES } from './key-names.ts';
import type { KeyNames } from './key-names.ts';
import { READABLE_REMOVE_SCRIPT, READABLE_RENEW_SCRIPT } from './scripts.ts';

/** Rows that are removed at a time. */
const REMOVED_AT_ONCE = 100;

/** Renews the rows that are recent enough; `parameters`: those of the script. Resolves to their number. */
export async function renewRows(servers: RedisServers, names: KeyNames, parameters: readonly string[], rowsAtOnce: number): Promise<number> {
  let renewed = 0;
  for await (const ids of scanIds(servers, names)) {
    for (let from = 0; from < ids.length; from += rowsAtOnce) {
      const keys = ids.slice(from, from + rowsAtOnce).flatMap((id) => bytesOf(names.row(id)));
      renewed += await runScript(servers, READABLE_RENEW_SCRIPT, [{ keys, parameters }]);
    }
  }
  return renewed;
}

/** Implements OnlineStore.entities. */
export async function* entityBatches(servers: RedisServers, names: KeyNames, batchSize: number): AsyncGenerator<readonly (readonly FeatureValue[])[], undefined> {
  let batch: (readonly FeatureValue[])[] = [];
  for await (const ids of scanIds(servers, names)) {
    for (const id of ids) {
      const values = names.values(id);
      if (values !== undefined) batch.push(values);
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
  return undefined;
}

/** Removes all rows of the view, also features that it no longer has: hence not by the event timestamps alone. Resolves to the number of rows. */
export async function removeView(servers: RedisServers, names: KeyNames): Promise<number> {
  let removed = 0;
  for await (const found of scanNames(servers, names.prefix)) removed += await removeIds(servers, names, groupById(names, found));
  return removed;
}

/** A row to remove. */
interface Removal {
  readonly id: string;
  /** Further keys that were found of it. */
  readonly found?: readonly string[];
  /** The row that it is to be still. */
  readonly token?: Uint8Array | undefined;
}

/** Implements OnlineStore.versions. A token is the values of the row's first three keys, one after the other, as the script puts them together. */
export async function readVersions(servers: RedisServers, names: KeyNames, entityKeys: readonly (readonly FeatureValue[])[]): Promise<(RowVersion | undefined)[]> {
  const keysOf = entityKeys.map((values) => bytesOf(names.row(names.id(values)).slice(0, KEYS_BESIDE_FEATURES)));
  const answers = answered(await servers.send(keysOf.map((keys) => ({ name: 'MGET', key: keys[0]!, args: keys }))));
  return (answers as (readonly (Buffer | null)[])[]).map((row) => {
    if (!(row[0] instanceof Buffer)) return undefined;
    const [, created] = row;
    return { createdTimestampMicros: created instanceof Buffer ? (parseInstant(created.toString('utf8')) ?? null) : null, token: Buffer.from(row.map((part) => part ?? '').join(' ')) };
  });
}

/** Removes rows, each in one step. Resolves to how many there were. */
export async function removeIds(servers: RedisServers, names: KeyNames, rows: readonly Removal[]): Promise<number> {
  const calls = rows.map(({ id, found = [], token }) => ({ keys: bytesOf([...new Set([...names.row(id), ...found])]), parameters: token === undefined ? [] : [Buffer.from(token)] }));
  let removed = 0;
  for (let from = 0; from < calls.length; from += REMOVED_AT_ONCE) removed += await runScript(servers, READABLE_REMOVE_SCRIPT, calls.slice(from, from + REMOVED_AT_ONCE));
  return removed;
}

async function* scanIds(servers: RedisServers, names: KeyNames): AsyncGenerator<readonly string[], undefined> {
  for await (const found of scanNames(servers, names.eventTimestamp(''))) yield found.flatMap((key) => names.idOf(key) ?? []);
  return undefined;
}

async function* scanNames(servers: RedisServers, prefix: string): AsyncGenerator<readonly string[], undefined> {
  const pattern = Buffer.concat([escapeGlob(Buffer.from(prefix)), Buffer.from('*')]);
  for (const server of await servers.primaries()) {
    for await (const keys of matchingKeys(server, pattern)) if (keys.length > 0) yield keys.map((key) => key.toString('utf8'));
  }
  return undefined;
}

function groupById(names: KeyNames, keys: readonly string[]): Removal[] {
  const found = new Map<string, string[]>();
  for (const key of keys) {
    const id = names.idOf(key);
    if (id === undefined) continue;
    const others = found.get(id);
    if (others === undefined) found.set(id, [key]);
    else others.push(key);
  }
  return [...found].map(([id, others]) => ({ id, found: others }));
}

function bytesOf(keys: readonly string[]): Buffer[] {
  return keys.map((key) => Buffer.from(key));
}
