/** The feature server's push route over BigQuery as a process of its own. Kills itself before the call of the ledger that it is told, or tells its URL to the process that forked it. */
import { openBigQuery, type BigQuerySettings } from '../../adapters/bigquery/connection.ts';
import { createBigQueryPushLog } from '../../adapters/bigquery/push-log.ts';
import { startPushDelivery } from '../../adapters/postgres/push-delivery.ts';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import { createRedisPushLedger } from '../../adapters/redis/push-ledger.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { createApp } from '../../api/create-app.ts';
import { holdDefinitions } from '../../api/feast/definitions.ts';
import { createPushQueue } from '../../api/feast/push-queue.ts';
import { serveApi } from '../../api/serve.ts';
import type { PushLedger } from '../../ports/push-ledger.ts';
import { DEFINITIONS } from '../api/feast/harness.ts';

const { bigquery, redisUrl, project, killBefore } = JSON.parse(process.argv[2]!) as { readonly bigquery: BigQuerySettings; readonly redisUrl: string; readonly project: string; readonly killBefore?: keyof PushLedger };
const log = { info: () => undefined, warn: () => undefined, error: console.error };
const onlineStore = createRedisOnlineStore({ url: redisUrl, project, keyTtlSeconds: null, timeoutMs: 60_000 });
const ledger = createRedisPushLedger({ url: redisUrl, project, leaseMs: 1_500 });
const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};
const pushLog = createBigQueryPushLog({ connection: openBigQuery(bigquery), ledger: killBefore === undefined ? ledger : { ...ledger, [killBefore]: die }, appendMs: 1_000 });
await pushLog.prepare();
startPushDelivery({ pushLog, onlineStore, clock: systemClock, log, everyMs: 200 });
const definitions = await holdDefinitions({ contents: () => Promise.resolve({ ...DEFINITIONS, views: [], dataSources: [], unusable: [] }) }, { project, log });
const runner = { start: () => Promise.reject(new Error('not part of this test')), close: () => Promise.resolve() };
const features = { definitions, onlineStore, clock: systemClock, log, runner, queue: createPushQueue({ pushLog, onlineStore, log }) };
const { url } = await serveApi(createApp({ features, onlineStore, clock: systemClock, log }), undefined, { host: '127.0.0.1', port: 0, log });
process.send!(url);
