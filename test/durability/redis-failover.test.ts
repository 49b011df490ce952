import assert from 'node:assert/strict';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { auditView } from '../../cli/audit-view.ts';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import type { RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { createCustomerTables, customer, minute, scores, type CustomerTables } from '../support/customers.ts';
import { createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { addressOfTls, startTlsRedisCluster, type TestTlsRedisCluster } from '../support/redis-servers.ts';
import { activitiesOf, connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';

const ROWS = 40_000;
const VIEW = snapshotView({ entities: [customer], featureViews: [scores], featureServices: [] }, 'scores');

describe('A primary of a Redis Cluster killed in the middle of a materialization', function () {
  this.timeout(120_000);
  let project: FixtureProject;
  let tables: CustomerTables;
  let client: Client;
  let close: () => Promise<void>;

  before(async () => {
    project = await createFixtureProject();
    tables = await createCustomerTables(project);
    await tables.query(`INSERT INTO feature_mart.scores SELECT n, n / 7.0, '${minute(0)}', '${minute(0)}', false FROM generate_series(1, ${ROWS}) AS n`);
    ({ client, close } = await connectClient(project.config.temporal.address));
  });
  after(async () => {
    await close();
    await tables.close();
    await project.remove();
  });

  /** Materializes into a cluster of its own; after the first batch the first primary dies, what it took with that batch unreplicated. */
  const materialize = async (options: { readonly replicasToWait?: number }, during: (store: OnlineStore, cluster: TestTlsRedisCluster, handle: WorkflowHandle) => Promise<void>): Promise<void> => {
    const cluster = await startTlsRedisCluster();
    const store = createRedisOnlineStore({ project: project.config.project, ...addressOfTls(cluster), otherNodes: cluster.nodes.map(({ port }) => ({ host: 'localhost', port })), timeoutMs: 2000, ...options });
    let dead = false;
    const write = async (view: Parameters<OnlineStore['write']>[0], batch: RecordBatch) => {
      if (dead) return store.write(view, batch);
      dead = true;
      await cluster.refuseReplicas(0);
      try {
        return await store.write(view, batch);
      } finally {
        cluster.nodes[0]!.kill();
      }
    };
    let worker: TestWorker | undefined;
    try {
      worker = await startTestWorker(project, { ports: { onlineStore: { ...store, write } } });
      const handle = await client.workflow.start('materializeFeatures', { workflowId: randomId('failover'), taskQueue: project.config.temporal.task_queue, args: [{ views: ['scores'], end: minute(10) }] });
      await during(store, cluster, handle);
    } finally {
      await worker?.stop();
      await store.close();
      await cluster.close();
    }
  };
  const audit = async (onlineStore: OnlineStore, repair: boolean) =>
    auditView({ ...project.ports, onlineStore }, { view: VIEW, asOfMicros: parseInstant(minute(30))!, watermarkMicros: parseInstant(minute(10))!, sample: undefined, repair, onDifference: () => undefined });

  it('lets it end well; what its replica never had is found by the audit, which writes it again, and nothing else is missing or wrong', () =>
    materialize({}, async (store, _, handle) => {
      const reads = readUntil(store, handle);
      const { views } = (await handle.result()) as MaterializeFeaturesResult;
      assert.equal(views[0]!.written + views[0]!.skipped, ROWS);
      await reads;
      const { differences, repaired } = await audit(store, true);
      assert.deepEqual(Object.keys(differences), ['missing']);
      assert.ok(differences.missing! > 0 && differences.missing! < ROWS / 3, `${differences.missing} rows of the first batch`);
      assert.equal(repaired, differences.missing);
      assert.deepEqual((await audit(store, false)).differences, {});
    }));

  it('loses nothing where writers wait for a replica: rows that it did not have were not taken as written, and go on when the shard has a replica again', () =>
    materialize({ replicasToWait: 1 }, async (store, cluster, handle) => {
      for (let attempt = 0; attempt < 2; ) attempt = (await handle.describe()).raw.pendingActivities?.find(({ lastFailure }) => lastFailure)?.attempt ?? 0;
      cluster.nodes[0]!.startAgain();
      const { views } = (await handle.result()) as MaterializeFeaturesResult;
      assert.equal(views[0]!.written + views[0]!.skipped, ROWS);
      assert.ok((await activitiesOf(handle)).find(({ activity }) => activity === 'materializeSlice')!.attempt > 1);
      assert.deepEqual((await audit(store, false)).differences, {});
    }));
});

/** Reads while the workflow runs: each read ends soon, with values or with an error that says what is the matter. */
async function readUntil(store: OnlineStore, handle: WorkflowHandle): Promise<void> {
  const entityKeys = Array.from({ length: 50 }, (_, index) => [BigInt(index * 700 + 1)]);
  let running = true;
  const ended = handle.result().finally(() => (running = false));
  while (running) {
    const asked = Date.now();
    const answer = await store.read([{ view: VIEW, features: ['score'], entityKeys }]).catch((error: unknown) => error);
    assert.ok(Date.now() - asked < 4000, `a read took ${Date.now() - asked} ms`);
    if (answer instanceof Error) assert.ok(answer instanceof PipelineError && answer.code === 'UNAVAILABLE', String(answer));
    else for (const [index, { values: [score] }] of (answer as Awaited<ReturnType<OnlineStore['read']>>)[0]!.entries()) assert.ok(score === null || score === (index * 700 + 1) / 7);
  }
  await ended;
}
