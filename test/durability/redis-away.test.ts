import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { Redis } from 'ioredis';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import type { RecordBatch } from '../../domain/data/columns.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { createCustomerTables, minute, type CustomerTables } from '../support/customers.ts';
import { createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { activitiesOf, connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';
import { until } from '../support/worker-process.ts';

const ROWS = 40_000;
const SERVER = join(process.env['ML_PIPELINE_TOOLS'] ?? join(import.meta.dirname, '..', '..', '.tools'), 'bin', 'redis-server');

describe('Redis going away in the middle of a materialization', function () {
  this.timeout(120_000);
  let [folder, port]: [string, number] = ['', 0];
  let server: ChildProcess;
  let project: FixtureProject;
  let tables: CustomerTables;
  let store: OnlineStore;
  let worker: TestWorker;
  let client: Client;
  let close: () => Promise<void>;
  let stopServer: (() => Promise<void>) | undefined;

  /** A server of this test's own that writes every command to disk, as one that serves would. */
  const startServer = (): void => {
    server = spawn(SERVER, ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''], { stdio: 'ignore' });
  };
  const endServer = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  };

  before(async () => {
    [folder, [port = 0]] = [await mkdtemp(join(tmpdir(), 'redis-away-')), await findFreePorts(1)];
    startServer();
    project = await createFixtureProject();
    tables = await createCustomerTables(project);
    await tables.query(`INSERT INTO feature_mart.scores SELECT n, n, '${minute(0)}', '${minute(0)}', false FROM generate_series(1, ${ROWS}) AS n`);
    store = createRedisOnlineStore({ host: '127.0.0.1', port, project: project.config.project, timeoutMs: 1000 });
    // The server goes once, between the first batch and the second.
    const write = async (view: Parameters<OnlineStore['write']>[0], batch: RecordBatch) => {
      const result = await store.write(view, batch);
      const stop = stopServer;
      stopServer = undefined;
      await stop?.();
      return result;
    };
    worker = await startTestWorker(project, { ports: { onlineStore: { ...store, write } } });
    ({ client, close } = await connectClient(project.config.temporal.address));
  });

  after(async () => {
    await worker.stop();
    await close();
    await Promise.all([tables.close(), store.close()]);
    await project.remove();
    await endServer();
    await rm(folder, { recursive: true, force: true });
  });

  it('is said clearly, tried again, and loses no row', async () => {
    stopServer = endServer;
    const handle = await client.workflow.start('materializeFeatures', { workflowId: randomId('redis-away'), taskQueue: project.config.temporal.task_queue, args: [{ views: ['scores'], end: minute(10) }] });
    let message = '';
    await until(async () => {
      const { raw } = await handle.describe();
      message = raw.pendingActivities?.find(({ lastFailure }) => lastFailure)?.lastFailure?.message ?? '';
      return message !== '';
    });
    assert.match(message, new RegExp(`^Redis at 127\\.0\\.0\\.1:${port} could not write feature view scores: .*Is the server running`));
    const intervals = (await project.ports.featureRegistry.featureViews()).find(({ view }) => view.name === 'scores')!.materializationIntervals;
    assert.deepEqual(intervals, [], 'no interval while rows are missing');
    startServer();
    const { views } = (await handle.result()) as MaterializeFeaturesResult;
    assert.equal(views[0]!.written + views[0]!.skipped, ROWS);
    assert.ok((await activitiesOf(handle)).find(({ activity }) => activity === 'materializeSlice')!.attempt > 1);
    const redis = new Redis({ host: '127.0.0.1', port });
    assert.equal(await redis.dbsize(), ROWS);
    await redis.quit();
  });
});
