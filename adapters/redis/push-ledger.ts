import { randomBytes } from 'node:crypto';
import { MICROS_PER_SECOND, type Micros } from '../../domain/instant.ts';
import type { PushLedger, Said } from '../../ports/push-ledger.ts';
import type { RedisAddress } from './address.ts';
import { openRedis } from './connection.ts';
import { ABANDON, CONFIRM, FORGET, GIVE_BACK, LEDGER_KEYS, LOCK, PLAN, SET_ASIDE, SETTLE, TAKE_DUE, TAKE_STALE, WAITING } from './push-ledger-scripts.ts';
import type { Script } from './script.ts';
import { answered, type RedisArgument } from './servers.ts';
import { wireArguments } from './wire-command.ts';

export interface PushLedgerOptions extends RedisAddress {
  /** Feast's project: projects of one database have ledgers of their own. */
  readonly project: string;
  /** Milliseconds after which the work of a process that has gone is another's. Longer than an append may take. Default 30,000. */
  readonly leaseMs?: number;
}

const FORGOTTEN_AT_A_TIME = 1_000;

/** The ledger in Redis: in one slot, so that a script sees it whole in a cluster, too (docs/adr/0022-push-on-bigquery.md). Connects with the first call. */
export function createRedisPushLedger(options: PushLedgerOptions): PushLedger {
  const servers = openRedis(options);
  const lease = String((options.leaseMs ?? 30_000) * 1000);
  const names = LEDGER_KEYS.map((name) => Buffer.from(`{ml-pipeline:push:${options.project}}:${name}`));
  const keys = wireArguments(names);
  const run = async (action: string, script: Script, args: readonly RedisArgument[]): Promise<unknown> => {
    const send = async (name: string, text: string): Promise<unknown> => (await servers.send([{ name, key: names[0]!, args: [text, String(names.length), keys, ...args] }]))[0];
    try {
      return await servers.replicated(async () => {
        const answer = await send('EVALSHA', script.sha1);
        const isMissing = answer instanceof Error && answer.message.startsWith('NOSCRIPT');
        return answered([isMissing ? await send('EVAL', script.text) : answer])[0];
      });
    } catch (error) {
      throw servers.explain(error, action);
    }
  };
  return {
    lock: async (events, contents) => {
      const token = randomBytes(12).toString('hex');
      const answer = (await run('note a push', LOCK, [token, lease, Buffer.concat(events), Buffer.concat(contents)])) as [(Buffer | null)[], (Buffer | null)[]] | null;
      if (answer === null) return undefined;
      const [known, said] = answer;
      return {
        token,
        events: known.map((bytes) => (bytes === null ? undefined : { latest: bytes.subarray(0, 16), createdMicros: bytes.readDoubleLE(16) })),
        contents: said.map((bytes) => bytes?.readDoubleLE(0)),
      };
    },
    plan: async (token, plan) => (await run('note a push', PLAN, [token, lease, Buffer.from(plan)])) === 1,
    confirm: async (token, said) => void (await run('note a push', CONFIRM, confirmArguments(token, said))),
    abandon: async (token) => void (await run('drop the note of a push', ABANDON, [token])),
    takeStale: async (limit) => {
      const taken = (await run('look for pushes that were not finished', TAKE_STALE, [lease, String(limit)])) as (Buffer | null)[];
      return pairs(taken).map(([token, plan]) => ({ token: String(token), plan: plan ?? undefined }));
    },
    takeDue: async (olderThanSeconds, limit) => {
      const taken = (await run('look for pushed rows', TAKE_DUE, [lease, String(olderThanSeconds * MICROS_PER_SECOND), String(limit)])) as (Buffer | null)[];
      return pairs(taken).map(([id, body]) => ({ id: String(id), body: String(body) }));
    },
    giveBack: async (ids) => void (ids.length > 0 && (await run('give pushed rows back', GIVE_BACK, [...ids]))),
    settle: async (ids) => void (ids.length > 0 && (await run('settle pushed rows', SETTLE, [...ids]))),
    setAside: async (id, reason) => void (await run('set pushed rows aside', SET_ASIDE, [id, reason])),
    waitingRows: async () => Number(await run('count pushed rows', WAITING, [])),
    forget: async (beforeMicros) => {
      while (Number(await run('forget old pushes', FORGET, [String(beforeMicros), String(FORGOTTEN_AT_A_TIME)])) === FORGOTTEN_AT_A_TIME);
    },
    close: () => servers.close(),
  };
}

function confirmArguments(token: string, { events, contents, notes }: Said): RedisArgument[] {
  return [
    token,
    Buffer.concat(events.flatMap(({ event, latest, createdMicros }) => [event, latest, double(createdMicros)])),
    Buffer.concat(contents.flatMap(({ content, createdMicros }) => [content, double(createdMicros)])),
    ...notes.flatMap(({ id, rowCount, dueMicros, body }) => [id, String(rowCount), dueMicros === null ? '' : String(dueMicros), body]),
  ];
}

function double(micros: Micros): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(micros);
  return bytes;
}

function pairs<T>(list: readonly T[]): [T, T][] {
  return Array.from({ length: list.length / 2 }, (_, index) => [list[2 * index]!, list[2 * index + 1]!]);
}
