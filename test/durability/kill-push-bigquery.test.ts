import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PushLedger } from '../../ports/push-ledger.ts';
import { openBigQueryPushHarness, type BigQueryPushHarness } from '../adapters/bigquery/push-harness.ts';
import { openRedisHarness, type RedisHarness } from '../adapters/redis/harness.ts';
import { viewOf } from '../api/feast/harness.ts';
import { until } from '../support/worker-process.ts';

const EVENT = '2026-11-01T00:00:00.5Z';

describe('a feature server over BigQuery killed in the middle of a push', function () {
  this.timeout(60_000);
  let bigquery: BigQueryPushHarness;
  let redis: RedisHarness;
  const children: ChildProcess[] = [];
  before(async () => {
    [bigquery, redis] = await Promise.all([openBigQueryPushHarness(), openRedisHarness()]);
    await bigquery.createTable('user_item', 'user_id INT64, item_id STRING, n INT64, event_timestamp TIMESTAMP, created_timestamp TIMESTAMP');
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await redis.close();
    for (const key of await bigquery.redis.keys(`{ml-pipeline:push:${redis.project}}:*`)) await bigquery.redis.del(key);
    await bigquery.close();
  });

  const start = async (killBefore?: keyof PushLedger): Promise<{ readonly url: string; readonly child: ChildProcess; readonly ended: Promise<unknown> }> => {
    const settings = { bigquery: bigquery.connection.settings, redisUrl: redis.url, project: redis.project, killBefore };
    const child = fork(join(import.meta.dirname, 'push-server-bigquery.ts'), [JSON.stringify(settings)], { execArgv: ['--import', 'tsx'] });
    children.push(child);
    const ended = once(child, 'exit');
    const [url] = (await once(child, 'message')) as [string];
    return { url, child, ended };
  };
  const push = (url: string, user: number): Promise<number | undefined> =>
    fetch(`${url}/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ push_source_name: 'item_push', df: { user_id: [user], item_id: ['x'], n: [user * 10], event_timestamp: [EVENT] }, to: 'online_and_offline' }) }).then(({ status }) => status, () => undefined);
  const rows = (table: string): Promise<{ user_id: number; n: number }[]> => bigquery.query(`SELECT user_id, n FROM ${table} ORDER BY user_id`);
  const raw = (): Promise<{ user_id: string }[]> => bigquery.query(`SELECT JSON_VALUE(document, '$.user_id') AS user_id FROM ${bigquery.raw}.pushes ORDER BY 1`);
  const online = (user: number) => redis.connect(null).read([{ view: viewOf('user_item'), features: ['n'], entityKeys: [[BigInt(user), 'x']] }]);

  it('loses nothing and has no row twice, whether it was killed before the push was noted, before its rows were known to be in, or before they were online', async () => {
    const steps: readonly (keyof PushLedger)[] = ['plan', 'confirm', 'settle'];
    for (const [index, step] of steps.entries()) {
      const { url, ended } = await start(step);
      const answer = await push(url, index + 1);
      await ended;
      assert.ok(answer === undefined || step === 'settle', `nobody was told that user ${index + 1} is done`);
    }
    const { url, child, ended } = await start();
    const mart = `${bigquery.mart}.user_item`;
    await until(async () => (await rows(mart)).length === 2 && (await bigquery.redis.zcard(`{ml-pipeline:push:${redis.project}}:leases`)) === 0);
    assert.deepEqual((await rows(mart)).map(({ user_id: user }) => Number(user)), [2, 3], 'what was noted is finished without the caller');
    for (const user of [1, 2, 3]) assert.equal(await push(url, user), 200, 'the callers try again');
    assert.deepEqual((await rows(mart)).map(({ user_id: user, n }) => [Number(user), Number(n)]), [[1, 10], [2, 20], [3, 30]]);
    assert.deepEqual((await raw()).map(({ user_id: user }) => user), ['1', '2', '3']);
    for (const user of [1, 2, 3]) assert.deepEqual((await online(user))[0]![0]!.values, [BigInt(user * 10)]);
    child.kill('SIGKILL');
    await ended;
  });
});
