import { startPushDelivery } from '../../adapters/system/push-delivery.ts';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { createApp } from '../../api/create-app.ts';
import { holdDefinitions } from '../../api/feast/definitions.ts';
import { createPushQueue } from '../../api/feast/push-queue.ts';
import { serveApi } from '../../api/serve.ts';
import type { PushLog } from '../../ports/push-log.ts';
import { DEFINITIONS } from '../api/feast/harness.ts';

/** The feature server's push route over the definitions of the API's tests, in this process. Tells its URL to the process that forked it. */
export async function servePushes(pushLog: PushLog, { redisUrl, project }: { readonly redisUrl: string; readonly project: string }): Promise<void> {
  const log = { info: () => undefined, warn: () => undefined, error: console.error };
  const onlineStore = createRedisOnlineStore({ url: redisUrl, project, keyTtlSeconds: null, timeoutMs: 60_000 });
  await pushLog.prepare();
  startPushDelivery({ pushLog, onlineStore, clock: systemClock, log, everyMs: 200 });
  const definitions = await holdDefinitions({ contents: () => Promise.resolve({ ...DEFINITIONS, views: [], dataSources: [], unusable: [] }) }, { project, log });
  const runner = { start: () => Promise.reject(new Error('not part of this test')), close: () => Promise.resolve() };
  const features = { definitions, onlineStore, clock: systemClock, log, runner, queue: createPushQueue({ pushLog, onlineStore, log }) };
  const { url } = await serveApi(createApp({ features, onlineStore, clock: systemClock, log }), undefined, { host: '127.0.0.1', port: 0, log });
  process.send!(url);
}
