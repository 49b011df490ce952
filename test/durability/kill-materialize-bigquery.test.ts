import assert from 'node:assert/strict';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { customer, minute, scores } from '../support/customers.ts';
import { activitiesOf, connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';
import { createBigQueryProject, type BigQueryProject } from '../workflows/bigquery-project.ts';
import { startHeldWorker, type HeldWorker } from './held-worker.ts';

/** Three batches, of 8,192 rows at most. */
const ROWS = 20_000;

describe('a worker killed in the middle of a materialization from BigQuery', function () {
  this.timeout(120_000);
  let project: BigQueryProject;
  let client: Client;
  let close: () => Promise<void>;
  let held: HeldWorker | undefined;
  let worker: TestWorker | undefined;

  before(async () => {
    project = await createBigQueryProject();
    await project.query(`CREATE TABLE ${project.inSql('scores')} AS SELECT n AS customer, n / 7.0 AS score, TIMESTAMP '${minute(0)}' AS event_timestamp, TIMESTAMP '${minute(0)}' AS created_timestamp, FALSE AS deleted FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS n`);
    await project.ports.featureRegistry.apply({ entities: [customer], featureViews: [scores], featureServices: [] });
    ({ client, close } = await connectClient(project.config.temporal.address));
  });
  after(async () => {
    await held?.kill();
    await worker?.stop();
    await close();
    await project.remove();
  });

  const start = (): Promise<WorkflowHandle> => client.workflow.start('materializeFeatures', { workflowId: randomId('killed'), taskQueue: project.config.temporal.task_queue, args: [{ views: ['scores'], end: minute(10) }] });

  it('is taken up by another, which finds the result of the query that ran, and the store ends as if nobody had been killed', async () => {
    held = await startHeldWorker(project, 2);
    const handle = await start();
    await held.held;
    await held.kill();
    const jobs = project.jobs().filter((sql) => sql.includes('scores'));
    assert.equal(jobs.length, 1);
    assert.deepEqual((await project.ports.featureRegistry.featureViews())[0]?.materializationIntervals, []);
    const before = (await project.onlineContents()).split('\n').length;
    assert.ok(before > 1 && before < ROWS, `${before} rows were there when it was killed`);
    worker = await startTestWorker(project);
    const [view] = ((await handle.result()) as MaterializeFeaturesResult).views;
    assert.equal(view!.written + view!.skipped, ROWS);
    assert.deepEqual((await activitiesOf(handle)).map(({ activity, attempt }) => [activity, attempt]), [['planMaterialization', 1], ['materializeSlice', 2], ['renewExpiry', 1], ['recordMaterialization', 1]]);
    assert.deepEqual(project.jobs().filter((sql) => sql.includes('scores')), jobs, 'the query ran once');
    const contents = await project.onlineContents();
    await project.clearOnlineStore();
    const undisturbed = (await (await start()).result()) as MaterializeFeaturesResult;
    assert.deepEqual([undisturbed.views[0]?.written, undisturbed.views[0]?.skipped], [ROWS, 0]);
    assert.ok((await project.onlineContents()) === contents, 'the same keys and values');
    assert.equal(project.jobs().filter((sql) => sql.includes('scores')).length, 2, 'another run asks anew');
  });
});
