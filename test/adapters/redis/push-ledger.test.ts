import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createRedisPushLedger } from '../../../adapters/redis/push-ledger.ts';
import type { PushLedger, Said } from '../../../ports/push-ledger.ts';
import { testServers } from '../../support/servers.ts';

/** Long enough for a busy machine to do within it what a test does. */
const BRIEF_MS = 500;

describe('The ledger of pushes in Redis', function () {
  this.timeout(20_000);
  let redis: Redis;
  let project: string;
  let ledger: PushLedger;
  let brief: PushLedger;
  before(async () => {
    const { redisUrl: url } = await testServers();
    redis = new Redis(url);
    project = `ledger_${randomBytes(5).toString('hex')}`;
    ledger = createRedisPushLedger({ url, project });
    brief = createRedisPushLedger({ url, project, leaseMs: BRIEF_MS });
  });
  afterEach(async () => {
    const keys = await redis.keys(`{ml-pipeline:push:${project}}:*`);
    if (keys.length > 0) await redis.del(keys);
  });
  after(async () => {
    await Promise.all([ledger.close(), brief.close()]);
    redis.disconnect();
  });

  const event = (number: number): Buffer => Buffer.alloc(16, number);
  const said = (number: number, latest: number, createdMicros: number, notes: Said['notes'] = []): Said => ({ events: [{ event: event(number), latest: event(latest), createdMicros }], contents: [], notes });
  const note = (id: string, rowCount = 1, dueMicros: number | null = null): Said['notes'][number] => ({ id, rowCount, body: `body of ${id}`, dueMicros });
  const lock = async (by: PushLedger, ...numbers: readonly number[]) => (await by.lock(numbers.map(event), [])) ?? assert.fail('an event is locked');

  it('locks all events of a push, or none', async () => {
    const first = await lock(ledger, 1, 2);
    assert.equal(await ledger.lock([event(3), event(2)], []), undefined);
    const third = await lock(ledger, 3);
    await ledger.abandon(first.token);
    await ledger.abandon(third.token);
    await lock(ledger, 1, 2, 3);
  });

  it('knows what was said once it is confirmed, of thousands of events at a time, and confirms once', async () => {
    const numbers = Array.from({ length: 3_000 }, (_, index) => { const digest = Buffer.alloc(16); digest.writeInt32LE(index); return digest; });
    const { token } = (await ledger.lock(numbers, [event(9)]))!;
    const all: Said = { events: numbers.map((digest, index) => ({ event: digest, latest: digest, createdMicros: 1_700_000_000_000_000 + index })), contents: [{ content: event(9), createdMicros: -5 }], notes: [note('a', 7)] };
    await ledger.confirm(token, all);
    await ledger.settle(['a']);
    await ledger.confirm(token, all);
    assert.equal(await ledger.waitingRows(), 0, 'the note does not come back');
    const again = (await ledger.lock(numbers, [event(9), event(8)]))!;
    assert.deepEqual(again.events.map((one) => [one!.createdMicros, Buffer.from(one!.latest)]), numbers.map((digest, index) => [1_700_000_000_000_000 + index, digest]));
    assert.deepEqual(again.contents, [-5, undefined]);
  });

  it('lets nobody put an older word over a newer one', async () => {
    const slow = await lock(brief, 1);
    await sleep(BRIEF_MS + 100);
    for (const { token } of await ledger.takeStale(5)) await ledger.abandon(token);
    await ledger.confirm((await lock(ledger, 1)).token, said(1, 20, 200));
    await brief.confirm(slow.token, said(1, 10, 100));
    assert.equal((await lock(ledger, 1)).events[0]!.createdMicros, 200);
  });

  it('gives a push whose lease has ended to one other process, with its plan, and keeps no plan after the end', async () => {
    const { token } = await lock(brief, 1);
    assert.equal(await brief.plan(token, Buffer.from('the plan')), true);
    assert.deepEqual(await ledger.takeStale(5), []);
    await sleep(BRIEF_MS + 100);
    assert.equal(await brief.plan(token, Buffer.from('too late')), false);
    const taken = await ledger.takeStale(5);
    assert.deepEqual(taken.map((one) => [one.token, String(one.plan)]), [[token, 'the plan']]);
    assert.deepEqual(await ledger.takeStale(5), [], 'nobody else gets it within a lease');
    await ledger.confirm(token, said(1, 1, 1));
    await lock(ledger, 1);
  });

  it('shares what waits among processes, in order, and counts its rows', async () => {
    const { token } = await lock(ledger, 1);
    const soon = Date.now() * 1000 - 1;
    await ledger.confirm(token, said(1, 1, 1, [note('b'), note('c', 2), note('later', 4, soon + 3_600_000_000), note('past', 1, soon)]));
    assert.equal(await ledger.waitingRows(), 8);
    assert.deepEqual(await ledger.takeDue(60, 10), [{ id: 'past', body: 'body of past' }], 'the others are too young, or not due');
    assert.deepEqual((await brief.takeDue(0, 1)).map(({ id }) => id), ['b']);
    assert.deepEqual((await ledger.takeDue(0, 10)).map(({ id }) => id), ['c']);
    await sleep(BRIEF_MS + 100);
    assert.deepEqual((await ledger.takeDue(0, 10)).map(({ id }) => id), ['b'], 'who took it has gone');
    await ledger.giveBack(['c']);
    assert.deepEqual((await ledger.takeDue(0, 10)).map(({ id }) => id), ['c']);
    await ledger.settle(['b', 'past']);
    await ledger.setAside('c', 'its view has other types now');
    assert.equal(await ledger.waitingRows(), 4);
    assert.deepEqual(JSON.parse((await redis.hget(`{ml-pipeline:push:${project}}:refused`, 'c'))!), { reason: 'its view has other types now', note: 'body of c' });
  });
});
