import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { MaterializeFeaturesInput } from '../../temporal/inputs.ts';
import { progressQuery } from '../../temporal/progress.ts';
import { viewHoldId } from '../../temporal/workflow-ids.ts';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { createCustomerTables, minute, type CustomerTables } from '../support/customers.ts';
import { createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';
import { until } from '../support/worker-process.ts';

/** How long each write takes, so that runs would meet. */
const WRITE_MS = 1500;

describe('two materializations of one view', function () {
  this.timeout(120_000);
  let project: FixtureProject;
  let tables: CustomerTables;
  let worker: TestWorker;
  let client: Client;
  let close: () => Promise<void>;
  /** Writes under way, and the most there were at once, by view. */
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  let writing = 0;

  before(async () => {
    project = await createFixtureProject();
    tables = await createCustomerTables(project);
    await tables.insert('scores', [1, 10, 0], [2, 20, 0]);
    await tables.insert('late_scores', [1, 10, 0]);
    const { onlineStore } = project.ports;
    const write: OnlineStore['write'] = async (view, rows) => {
      now.set(view.name, (now.get(view.name) ?? 0) + 1);
      most.set(view.name, Math.max(most.get(view.name) ?? 0, now.get(view.name)!));
      writing++;
      try {
        await sleep(WRITE_MS);
        return await onlineStore.write(view, rows);
      } finally {
        writing--;
        now.set(view.name, now.get(view.name)! - 1);
      }
    };
    worker = await startTestWorker(project, { ports: { onlineStore: { ...onlineStore, write } } });
    ({ client, close } = await connectClient(project.config.temporal.address));
  });

  after(async () => {
    await worker.stop();
    await close();
    await tables.close();
    await project.remove();
  });

  const start = (input: MaterializeFeaturesInput): Promise<WorkflowHandle> => client.workflow.start('materializeFeatures', { workflowId: randomId('meeting'), taskQueue: project.config.temporal.task_queue, args: [input] });
  const result = async (handle: WorkflowHandle): Promise<MaterializeFeaturesResult> => (await handle.result()) as MaterializeFeaturesResult;
  const holder = () => client.workflow.getHandle(viewHoldId(project.config.temporal.task_queue, 'scores'));
  const untilItWaits = (handle: WorkflowHandle): Promise<void> => until(async () => JSON.stringify(await handle.query(progressQuery)).includes('waits for another run'));

  it('never work on it at once, whatever else each of them materializes; the later one goes on from where the first one ended', async () => {
    const first = await start({ views: ['scores'], end: minute(10) });
    await until(() => writing === 1);
    await tables.insert('scores', [2, 21, 12]);
    const second = await start({ views: ['scores', 'late_scores'], incremental: true, end: minute(20), overlap_seconds: 0 });
    const third = await start({ views: ['late_scores', 'scores'], end: minute(15) });
    await untilItWaits(second);
    const [{ views: one }, { views: two }] = await Promise.all([result(first), result(second), result(third)]);
    assert.deepEqual([...most.values()], [1, 1]);
    assert.deepEqual(one.map(({ written }) => written), [2]);
    assert.ok([minute(10), minute(15)].includes(two[0]!.since!), `${two[0]!.since}: planned after the wait`);
    assert.deepEqual(await tables.online('scores', 1, 2), [[10, 0], [21, 12]]);
  });

  it('leave the view free when one ends: done, cancelled or terminated', async () => {
    for (const end of ['cancel', 'terminate'] as const) {
      const handle = await start({ views: ['scores'], end: minute(10) });
      await until(() => writing === 1);
      await handle[end]();
      await assert.rejects(handle.result());
      await until(async () => (await holder().describe()).status.name !== 'RUNNING');
      await until(() => writing === 0);
    }
    assert.equal((await result(await start({ views: ['scores'], end: minute(10) }))).views.length, 1);
    assert.equal((await holder().describe()).status.name, 'COMPLETED');
  });

  it('keep it until the work of a cancelled one has ended', async () => {
    const first = await start({ views: ['scores'], end: minute(10) });
    await until(() => writing === 1);
    const second = await start({ views: ['scores'], end: minute(10) });
    await untilItWaits(second);
    await first.cancel();
    await assert.rejects(first.result());
    await result(second);
    assert.equal(most.get('scores'), 1);
  });

  it('can be cancelled while they wait, and can be freed by hand', async () => {
    const first = await start({ views: ['scores'], end: minute(10) });
    await until(() => writing === 1);
    const second = await start({ views: ['scores'], end: minute(10) });
    await untilItWaits(second);
    await second.cancel();
    await assert.rejects(second.result());
    await holder().terminate();
    assert.equal((await result(first)).views[0]!.view, 'scores');
  });
});
