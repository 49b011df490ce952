import assert from 'node:assert/strict';
import { CancelledFailure, WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { columnOf } from '../../domain/data/columns.ts';
import { columnValue } from '../../domain/features/canonical.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { customer, minute, scores, type Score } from '../support/customers.ts';
import { connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';
import { until } from '../support/worker-process.ts';
import { createBigQueryProject, type BigQueryProject } from './bigquery-project.ts';

const VIEW = snapshotView({ entities: [customer], featureViews: [scores], featureServices: [] }, 'scores');
const CUSTOMERS = [1, 2, 3, 4, 5, 6];

describe('a materialization from BigQuery', function () {
  this.timeout(90_000);
  let project: BigQueryProject;
  let worker: TestWorker;
  let client: Client;
  let close: () => Promise<void>;

  before(async () => {
    project = await createBigQueryProject();
    await project.query(`CREATE TABLE ${project.inSql('scores')} (customer INT64, score FLOAT64, event_timestamp TIMESTAMP, created_timestamp TIMESTAMP, deleted BOOL)`);
    await project.ports.featureRegistry.apply({ entities: [customer], featureViews: [scores], featureServices: [] });
    worker = await startTestWorker(project);
    ({ client, close } = await connectClient(project.config.temporal.address));
  });
  after(async () => {
    await worker.stop();
    await close();
    await project.remove();
  });

  const insert = (...rows: readonly Score[]): Promise<void> =>
    project.query(`INSERT INTO ${project.inSql('scores')} VALUES ${rows.map(([id, score, event, created = event, deleted = false]) => `(${id}, ${score}, TIMESTAMP '${minute(event)}', TIMESTAMP '${minute(created)}', ${deleted})`).join(', ')}`);
  const start = (end: number, incremental: boolean): Promise<WorkflowHandle> =>
    client.workflow.start('materializeFeatures', { workflowId: randomId('bigquery'), taskQueue: project.config.temporal.task_queue, args: [{ views: ['scores'], end: minute(end), ...(incremental ? { incremental, overlap_seconds: 0 } : {}) }] });
  const materialize = async (end: number, incremental: boolean) => {
    const [view] = ((await (await start(end, incremental)).result()) as MaterializeFeaturesResult).views;
    return [view!.since, view!.written, view!.skipped] as const;
  };
  const online = async (): Promise<readonly unknown[]> =>
    (await project.ports.onlineStore.read([{ view: VIEW, features: ['score'], entityKeys: CUSTOMERS.map((id) => [BigInt(id)]) }]))[0]!.map(({ values }) => values[0]);
  const offline = async (at: number): Promise<readonly unknown[]> => {
    const { warehouse } = project.ports;
    const atMicros = parseInstant(minute(at))!;
    const sql = `SELECT customer, TIMESTAMP '${minute(at)}' AS event_timestamp FROM UNNEST([${CUSTOMERS.join(', ')}]) AS customer`;
    const spine = await warehouse.writeSpine({ name: `asked_${at}`, query: { sql, values: [] }, entityColumns: ['customer'], timestampColumn: 'event_timestamp', asOfMicros: atMicros, expiresAtMicros: Date.now() * 1000 + 60_000_000 });
    const joined = await warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: { views: [VIEW], columns: [{ view: 'scores', feature: 'score', column: 'score' }] } });
    const found = new Map<number, unknown>();
    for await (const batch of joined.batches) for (let row = 0; row < batch.rowCount; row++) found.set(Number(columnValue(columnOf(batch, 'customer'), row)), columnValue(columnOf(batch, 'score'), row));
    return CUSTOMERS.map((id) => found.get(id));
  };

  it('gives online what the join gives offline, whole and then by what came since: late events, corrected rows, tombstones', async () => {
    await insert([1, 10, 0], [2, 20, 0], [3, 30, 5], [4, 40, 5], [5, 50, 5]);
    assert.deepEqual(await materialize(10, false), [undefined, 5, 0]);
    assert.deepEqual(await online(), [10, 20, 30, 40, 50, null]);
    assert.deepEqual(await offline(10), await online());
    await insert([1, 11, 2, 15], [2, 19, -5, 15], [3, 31, 5, 16], [4, null, 12, 12, true], [6, 60, 3, 17]);
    assert.deepEqual(await materialize(20, true), [minute(10), 4, 1], 'the late event of customer 2 is older than what is online');
    assert.deepEqual(await online(), [11, 20, 31, null, 50, 60]);
    assert.deepEqual(await offline(20), await online());
    assert.deepEqual(await materialize(30, true), [minute(20), 0, 0]);
  });

  it('that is cancelled while its query runs cancels the query, writes nothing and records nothing', async () => {
    await insert([1, 12, 35]);
    const [contents, registered, jobs] = [await project.onlineContents(), await project.ports.featureRegistry.featureViews(), project.jobs().length];
    project.holdJobs('scores');
    const handle = await start(40, true);
    await until(() => project.jobs().length > jobs);
    assert.deepEqual(project.cancelled(), []);
    await handle.cancel();
    await assert.rejects(handle.result(), (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure);
    assert.equal((await handle.describe()).status.name, 'CANCELLED');
    assert.deepEqual([project.jobs().length - jobs, project.cancelled().length], [1, 1]);
    assert.equal(await project.onlineContents(), contents);
    assert.deepEqual(await project.ports.featureRegistry.featureViews(), registered);
  });
});
