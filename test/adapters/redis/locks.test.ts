import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createRedisLocks } from '../../../adapters/redis/locks.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { Locks, LockWish } from '../../../ports/locks.ts';
import { openRelay } from './relay.ts';
import { testServers } from '../../support/servers.ts';

const LEASE_MS = 800;
const wish = (more: Partial<LockWish> = {}): LockWish => ({ millis: 5_000, refuse: (name) => new Error(`no ${name}`), ...more });

const untilAborted = (signal: AbortSignal): Promise<never> => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
const isLost = (error: unknown): boolean => error instanceof PipelineError && error.code === 'UNAVAILABLE' && /could not be kept/.test(error.message);

describe('Locks in Redis', () => {
  let redis: Redis;
  let one: Locks;
  let other: Locks;
  let project: string;
  before(async () => {
    redis = new Redis((await testServers()).redisUrl);
  });
  after(() => redis.quit());
  beforeEach(async () => {
    project = `locks_${randomBytes(6).toString('hex')}`;
    const { redisUrl: url } = await testServers();
    [one, other] = [createRedisLocks({ url, project, leaseMs: LEASE_MS }), createRedisLocks({ url, project, leaseMs: LEASE_MS })];
  });
  afterEach(async () => void (await Promise.all([one.close(), other.close()])));

  const key = (name: string): string => `ml_pipeline lock {${project} ${name}}`;
  const nothing = (): Promise<void> => Promise.resolve();

  it('are kept for as long as the work takes, and leave nothing behind', async () => {
    const order: string[] = [];
    const first = one.hold(['a'], wish(), () => sleep(3 * LEASE_MS).then(() => void order.push('one')));
    await sleep(50);
    await Promise.all([first, other.hold(['a'], wish(), () => Promise.resolve(void order.push('other')))]);
    assert.deepEqual(order, ['one', 'other']);
    assert.equal(await redis.exists(key('a')), 0);
  });

  it('never let two in, however many want to be alone, nor one with those who share', async () => {
    let [alone, sharing, most] = [0, 0, 0];
    const inside = async (isAlone: boolean): Promise<void> => {
      if (isAlone) alone += 1;
      else sharing += 1;
      assert.ok(alone === 0 || (alone === 1 && sharing === 0), `${alone} alone with ${sharing}`);
      most = Math.max(most, sharing);
      await sleep(Math.random() * 30);
      if (isAlone) alone -= 1;
      else sharing -= 1;
    };
    await Promise.all(Array.from({ length: 24 }, (_, n) => (n % 2 === 0 ? one : other).hold(['a'], wish({ shared: n % 4 !== 0 }), () => inside(n % 4 === 0))));
    assert.ok(most > 1, 'those who share do so');
  });

  it('are had in the end by who is alone, though others that share come all the time', async () => {
    let isOver = false;
    const sharers = Promise.all([0, 1, 2].map(async (n) => {
      await sleep(n * 20);
      while (!isOver) await one.hold(['a'], wish({ shared: true }), () => sleep(60));
    }));
    await sleep(100);
    await other.hold(['a'], wish({ millis: 3_000 }), nothing);
    isOver = true;
    await sharers;
  });

  it('of a process that died are free when its lease ends', async () => {
    await redis.zadd(key('a'), Date.now() + LEASE_MS, 'xdead');
    await redis.zadd(key('b'), Date.now() + LEASE_MS, 'sdead');
    const waited: string[] = [];
    const begun = performance.now();
    await one.hold(['b', 'a'], wish({ onWait: (name) => void waited.push(name) }), nothing);
    assert.ok(performance.now() - begun >= LEASE_MS / 2);
    assert.equal(waited[0], 'a');
  });

  it('that were not had in time are refused by name, and keep nobody waiting', async () => {
    const held = one.hold(['b'], wish({ shared: true }), () => sleep(500));
    await sleep(50);
    await assert.rejects(other.hold(['a', 'b'], wish({ millis: 100 }), nothing), /no b/);
    assert.equal(await other.hold(['b'], wish({ shared: true, millis: 0 }), () => Promise.resolve('shared')), 'shared');
    await held;
    assert.deepEqual([await redis.exists(key('a')), await redis.exists(key('b'))], [0, 0]);
  });

  it('abort the work when they are gone', async () => {
    const gone = assert.rejects(one.hold(['a'], wish(), untilAborted), isLost);
    await sleep(50);
    await redis.del(key('a'));
    await gone;
  });

  it('abort the work when Redis does not answer, before anybody else can have them', async () => {
    const url = new URL((await testServers()).redisUrl);
    const relay = await openRelay({ host: url.hostname, port: Number(url.port) });
    url.port = String(relay.port);
    const cutOff = createRedisLocks({ url: url.href, project, leaseMs: LEASE_MS, timeoutMs: 500 });
    try {
      let othersHaveIt = false;
      const lost = assert.rejects(cutOff.hold(['b'], wish(), (signal) => untilAborted(signal).catch((reason) => Promise.reject(othersHaveIt ? new Error('too late') : (reason as Error)))), isLost);
      await sleep(50);
      relay.stall();
      await other.hold(['b'], wish(), () => Promise.resolve(void (othersHaveIt = true)));
      await lost;
    } finally {
      await cutOff.close();
      await relay.close();
    }
  });

  it('that were gone when the work was done make it fail, though it looked at no signal', async () => {
    await assert.rejects(one.hold(['a'], wish(), () => redis.del(key('a'))), (error) => error instanceof PipelineError && error.code === 'UNAVAILABLE');
  });

  it('pass on why the work failed', async () => {
    await assert.rejects(one.hold(['a'], wish(), () => Promise.reject(new Error('the reason'))), /the reason/);
    assert.equal(await redis.exists(key('a')), 0);
  });

  it('are refused with the cure when Redis is away', async () => {
    const away = createRedisLocks({ host: '127.0.0.1', port: 1, project, timeoutMs: 500 });
    await assert.rejects(away.hold(['a'], wish(), nothing), (error) => error instanceof PipelineError && error.code === 'UNAVAILABLE' && /Is the server running/.test(error.message));
    await away.close();
  });
});
