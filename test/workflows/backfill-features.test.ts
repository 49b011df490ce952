import assert from 'node:assert/strict';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { parseInstant } from '../../domain/instant.ts';
import { progressQuery } from '../../temporal/progress.ts';
import type { BackfillFeaturesResult } from '../../workflows/backfill-features.ts';
import { createCustomerTables, minute, type CustomerTables, type Score } from '../support/customers.ts';
import { createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';

const DAY = 24 * 60;

describe('the workflow backfillFeatures', function () {
  this.timeout(120_000);
  let project: FixtureProject;
  let tables: CustomerTables;
  let worker: TestWorker;
  let client: Client;
  let close: () => Promise<void>;

  before(async () => {
    project = await createFixtureProject();
    tables = await createCustomerTables(project);
    worker = await startTestWorker(project);
    ({ client, close } = await connectClient(project.config.temporal.address));
    // Every second hour of ten days a row of one of seven customers, all created at the end: as a table that was loaded afterwards has them.
    await tables.insert('scores', ...Array.from({ length: 120 }, (_, n): Score => [n % 7, n, n * 120, 10 * DAY]), [8, 1, -1], [9, 1, 10 * DAY, 10 * DAY + 1]);
  });

  after(async () => {
    await worker.stop();
    await close();
    await tables.close();
    await project.remove();
  });

  const start = (input: object): Promise<WorkflowHandle> => client.workflow.start('backfillFeatures', { workflowId: randomId('backfill'), taskQueue: project.config.temporal.task_queue, args: [input] });
  const intervals = async () => (await project.ports.featureRegistry.featureViews()).find(({ view }) => view.name === 'scores')!.materializationIntervals;
  const whole = { views: ['scores'], start: minute(0), end: minute(10 * DAY) };

  it('leaves the store as one materialization of the whole window does, and records one interval', async () => {
    const handle = await start({ ...whole, window_hours: 24, parallel: 3 });
    const { windows, views } = (await handle.result()) as BackfillFeaturesResult;
    assert.equal(windows, 11, 'ten days and their last microsecond');
    assert.equal(views[0]!.written + views[0]!.skipped, 71, 'the newest row of each customer in each day, and the row on the first edge');
    assert.deepEqual(await intervals(), [{ startMicros: parseInstant(minute(0)), endMicros: parseInstant(minute(10 * DAY)) }]);
    const { steps } = await handle.query(progressQuery);
    assert.deepEqual(steps.map(({ name, status, detail }) => [name, status, detail]), [['plan', 'done', '1 views'], ['windows', 'done', '11 of 11'], ['record', 'done', undefined]]);
    const digest = await project.onlineDigest();
    await project.clearOnlineStore();
    await (await client.workflow.start('materializeFeatures', { workflowId: randomId('materialize'), taskQueue: project.config.temporal.task_queue, args: [whole] })).result();
    assert.equal(await project.onlineDigest(), digest);
    assert.deepEqual(await tables.online('scores', 8, 9), [undefined, undefined], 'before the window, and created after it');
  });

  it('continues as a new run where its history would get long, and does no window twice', async () => {
    const handle = await start({ ...whole, window_hours: 4, parallel: 8 });
    const result = (await handle.result()) as BackfillFeaturesResult;
    assert.deepEqual([result.windows, result.views[0]!.written + result.views[0]!.skipped], [61, 120]);
    const { runId } = await handle.describe();
    assert.notEqual(runId, (handle as { firstExecutionRunId?: string }).firstExecutionRunId);
  });

  it('records nothing when a window fails', async () => {
    await tables.query('ALTER TABLE feature_mart.scores RENAME COLUMN score TO points');
    const before = await intervals();
    await assert.rejects((await start({ ...whole, start: minute(DAY) })).result());
    await tables.query('ALTER TABLE feature_mart.scores RENAME COLUMN points TO score');
    assert.deepEqual(await intervals(), before);
  });

  it('refuses a window that ends before it starts, and a bad input', async () => {
    for (const input of [{ start: minute(1), end: minute(0) }, { views: ['scores'] }, { ...whole, parallel: 0 }, { ...whole, window_hours: 0 }]) await assert.rejects((await start(input)).result());
  });
});
