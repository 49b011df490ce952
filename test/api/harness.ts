import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileTracker } from '../../adapters/mlflow/file-tracker.ts';
import { createModelPackager } from '../../adapters/mlflow/model-packager.ts';
import { createTransformRunner } from '../../adapters/node-vm/transform-runner.ts';
import { createOnnxModelGraphs } from '../../adapters/onnx/model-graphs.ts';
import { createApp } from '../../api/create-app.ts';
import { holdModel, type ModelHolder } from '../../api/model-holder.ts';
import { serveApi, type RunningApi } from '../../api/serve.ts';
import type { PredictAnswer } from '../../api/predict.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { Micros } from '../../domain/instant.ts';
import type { Log } from '../../ports/log.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { openRedisHarness, type RedisHarness } from '../adapters/redis/harness.ts';
import { testBatch, type OnlineTestRow } from '../contracts/online-rows.ts';
import { registerModel } from './model-fixture.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly body: unknown;
}

/** The API over a small model, with a real Redis and real HTTP. */
export interface ApiHarness {
  readonly url: string;
  readonly redis: RedisHarness;
  readonly models: ModelHolder;
  readonly folder: string;
  /** What was logged: `level event field=value`. */
  readonly logged: string[];
  /** The as-of instant of requests. */
  now: Micros;
  write(view: FeatureViewSnapshot, ...rows: OnlineTestRow[]): Promise<void>;
  request(path: string, init?: RequestInit): Promise<Answer>;
  post(body: unknown): Promise<Answer>;
  /** Posts instances that must be answered. */
  predict(...instances: readonly object[]): Promise<PredictAnswer>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

export function memoryLog(): { readonly log: Log; readonly logged: string[] } {
  const logged: string[] = [];
  const at = (level: string) => (event: string, fields: object = {}) => void logged.push([level, event, ...Object.entries(fields).map(([key, value]) => `${key}=${String(value)}`)].join(' '));
  return { log: { info: at('info'), warn: at('warn'), error: at('error') }, logged };
}

export const loaderOf = (root: string) => ({ tracker: createFileTracker({ root }), modelPackager: createModelPackager(), modelGraphs: createOnnxModelGraphs(), transformRunner: createTransformRunner() });

/** `onlineStore`: instead of the harness's own; it is closed with the harness. */
export async function openApiHarness(model: Parameters<typeof registerModel>[1] = {}, onlineStore?: OnlineStore): Promise<ApiHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'api-'));
  await registerModel(folder, model);
  const redis = await openRedisHarness();
  const store = redis.connect(null);
  const { log, logged } = memoryLog();
  const clock = { value: Date.now() * 1000 };
  const models = await holdModel(loaderOf(folder), 'models:/arrival@champion', log);
  const app = createApp({ models, onlineStore: onlineStore ?? store, clock: { now: () => clock.value }, log });
  const api: RunningApi = await serveApi(app, models, { host: '127.0.0.1', port: 0, log });
  let stopped: Promise<void> | undefined;
  const request = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${api.url}${path}`, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: response.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : undefined };
  };
  const post = (body: unknown): Promise<Answer> => request('/predict', { method: 'POST', headers: { 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const stop = (): Promise<void> => (stopped ??= api.stop());
  return {
    url: api.url,
    redis,
    models,
    folder,
    logged,
    get now() {
      return clock.value;
    },
    set now(value) {
      clock.value = value;
    },
    write: async (view, ...rows) => void (await store.write(view, testBatch(view, rows))),
    request,
    post,
    predict: async (...instances) => {
      const answer = await post({ instances });
      if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
      return answer.body as PredictAnswer;
    },
    stop,
    close: async () => {
      await stop();
      await onlineStore?.close();
      await redis.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
