/** This project's API over the bench's definitions. Tells its port to the process that forked it. */
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { createApp } from '../../api/create-app.ts';
import { holdDefinitions } from '../../api/feast/definitions.ts';
import { createPushQueue } from '../../api/feast/push-queue.ts';
import { serveApi } from '../../api/serve.ts';
import { DEFINITIONS, PROJECT } from './online-serving-data.ts';

const log = { info: () => undefined, warn: console.warn, error: console.error };
const onlineStore = createRedisOnlineStore({ url: process.argv[2]!, project: PROJECT, keyTtlSeconds: null });
const definitions = await holdDefinitions({ contents: () => Promise.resolve({ ...DEFINITIONS, views: [], dataSources: [], unusable: [] }) }, { project: PROJECT, log });
const refuse = () => Promise.reject(new Error('not part of the bench'));
const features = { definitions, onlineStore, clock: systemClock, log, runner: { start: refuse, close: () => Promise.resolve() }, queue: createPushQueue({ pushLog: { record: refuse, settle: refuse }, onlineStore, log }) };
const { url } = await serveApi(createApp({ features, onlineStore, clock: systemClock, log }), undefined, { host: '127.0.0.1', port: 0, log });
process.send!(Number(new URL(url).port));
