import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdModel } from '../../api/model-holder.ts';
import { serveApi } from '../../api/serve.ts';
import { createApp } from '../../api/create-app.ts';
import type { PipelineError } from '../../domain/errors.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { loaderOf, memoryLog, openApiHarness, type ApiHarness } from './harness.ts';
import { registerModel } from './model-fixture.ts';

const INSTANCE = { entities: { origin: 'JFK', plane_id: 7 }, request: { distance: 1000, weekend: 0, meal: null } };

/** A store whose reads wait until they are let go. */
function slowStore(): OnlineStore & { readonly asked: Promise<void>; letGo(): void } {
  let letGo: () => void = () => undefined;
  let ask: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const asked = new Promise<void>((resolve) => (ask = resolve));
  return {
    asked,
    letGo: () => letGo(),
    read: async (requests) => {
      ask();
      await gate;
      return requests.map(({ entityKeys, features }) => entityKeys.map(() => ({ eventTimestampMicros: undefined, values: features.map(() => null) })));
    },
    readColumns: () => Promise.reject(new Error('not read by columns')),
    write: () => Promise.resolve({ written: 0, skipped: 0 }),
    renew: () => Promise.resolve({ renewed: 0 }),
    entities: async function* () {},
    versions: () => Promise.resolve([]),
    remove: () => Promise.resolve({ removed: 0 }),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

describe('The API as a process', () => {
  it('finishes the request under way when it is stopped, also on a connection that is kept alive, and takes no new one', async () => {
    const store = slowStore();
    const api = await openApiHarness({}, store);
    const agent = new Agent({ keepAlive: true });
    const answered = new Promise<number>((resolve, reject) => {
      const request = httpRequest(`${api.url}/predict`, { method: 'POST', agent, headers: { 'content-type': 'application/json' } }, (response) => response.resume().once('end', () => resolve(response.statusCode ?? 0)));
      request.once('error', reject).end(JSON.stringify({ instances: [INSTANCE] }));
    });
    await store.asked;
    const stopped = api.stop();
    await assert.rejects(fetch(`${api.url}/health/live`));
    store.letGo();
    assert.equal(await answered, 200);
    const started = Date.now();
    await stopped;
    assert.ok(Date.now() - started < 1000, 'idle connections are closed at once');
    agent.destroy();
    await api.close();
  });

  it('goes on answering for the delay that it is given, on connections that it then ends, and says meanwhile that requests belong elsewhere', async () => {
    const store = slowStore();
    store.letGo();
    const harness = await openApiHarness({}, store);
    const app = createApp({ models: harness.models, onlineStore: store, clock: { now: () => 0 }, log: memoryLog().log });
    const api = await serveApi(app, undefined, { host: '127.0.0.1', port: 0, log: memoryLog().log, stopDelayMs: 300 });
    const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${api.url}${path}`, init);
    assert.deepEqual((await Promise.all([ask('/health/ready'), ask('/health/live')])).map(({ status }) => status), [200, 200]);
    const stopped = api.stop();
    const predicted = await ask('/predict', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ instances: [INSTANCE] }) });
    assert.deepEqual([predicted.status, predicted.headers.get('connection')], [200, 'close']);
    const ready = await ask('/health/ready');
    assert.deepEqual([ready.status, await ready.json()], [503, { status: 'stopping' }]);
    assert.equal((await ask('/health/live')).status, 200, 'it lives until its end: nobody needs to kill it');
    await stopped;
    await assert.rejects(ask('/health/live'));
    await harness.close();
  });

  it('names the port that is taken, and how to choose another', async () => {
    const api = await openApiHarness();
    const port = Number(new URL(api.url).port);
    const app = createApp({ models: api.models, onlineStore: slowStore(), clock: { now: () => 0 }, log: memoryLog().log });
    await assert.rejects(serveApi(app, api.models, { host: '127.0.0.1', port, log: memoryLog().log }), (error: PipelineError) => error.code === 'CONFLICT' && error.message.includes(`Port ${port} on 127.0.0.1 is in use`) && error.message.includes('API_PORT'));
    await api.close();
  });

  it('is not reached from another address than the one it listens on', async () => {
    const api = await openApiHarness();
    const port = Number(new URL(api.url).port);
    const refused = await new Promise<string>((resolve, reject) => connect(port, '127.0.0.2').once('connect', () => reject(new Error('connected'))).once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? '')));
    assert.equal(refused, 'ECONNREFUSED');
    await api.close();
  });
});

describe('The model that is served', () => {
  let api: ApiHarness;
  before(async () => {
    api = await openApiHarness();
  });
  after(() => api.close());

  it('is the next one after the alias moved; requests under way keep theirs, which is closed after the last', async () => {
    const [before] = (await api.predict(INSTANCE)).predictions;
    const old = api.models.current;
    let closed = false;
    const { close } = old.session;
    Object.assign(old.session, { close: () => ((closed = true), close.call(old.session)) });
    await api.models.with(async (mine) => {
      await registerModel(api.folder, { seed: 2 });
      await Promise.all([api.models.refresh(), api.models.refresh()]);
      assert.equal(mine, old);
      assert.equal(closed, false);
      const after = await api.predict(INSTANCE);
      assert.equal(after.model.version, '2');
      assert.notDeepEqual(after.predictions[0]!.probabilities, before!.probabilities);
    });
    assert.equal(closed, true);
    assert.equal(api.logged.filter((line) => line.startsWith('info model changed')).length, 1);
  });

  it('stays when the alias moves to one that cannot be loaded', async () => {
    const { current } = api.models;
    await registerModel(api.folder, { seed: 3 });
    const { folder } = await loaderOf(api.folder).tracker.modelFolder('models:/arrival@champion');
    await rm(join(folder, 'wrapped_artifact.json'));
    await api.models.refresh();
    assert.equal(api.models.current, current);
    assert.match(api.logged.at(-1)!, /^error model not refreshed .*wrapped_artifact\.json/);
    assert.equal((await api.post({ instances: [INSTANCE] })).status, 200);
  });

  it('is named when there is none', async () => {
    const root = await mkdtemp(join(tmpdir(), 'api-none-'));
    await assert.rejects(holdModel(loaderOf(root), 'models:/arrival@champion', memoryLog().log), (error: PipelineError) => error.code === 'NOT_FOUND' && error.message.includes('models:/arrival@champion'));
    await rm(root, { recursive: true });
  });
});
