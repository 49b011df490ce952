import assert from 'node:assert/strict';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Client, WorkflowHandle } from '@temporalio/client';
import pg from 'pg';
import { defineEntity, defineFeatureRepository, defineFeatureView } from '../../domain/features/define.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { AS_OF, createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { activitiesOf, connectClient, randomId } from '../support/temporal.ts';
import { startWorkerProcess, until, type WorkerProcess } from '../support/worker-process.ts';
import { startHeldWorker, type HeldWorker } from './held-worker.ts';

/** Of 8,192 rows each, at most. */
const BATCHES = 6;
const ROWS = BATCHES * 8_192;
const LATER = '2013-11-15T22:00:00.000000Z';
const FEATURES = Array.from({ length: 12 }, (_, i) => ({ name: `f${i}`, type: 'Float64' as const }));

const customer = defineEntity({ name: 'customer', joinKey: 'customer', valueType: 'Int64' });
const many = defineFeatureView({
  name: 'many',
  entities: [customer],
  features: FEATURES,
  ttlSeconds: null,
  source: { name: 'many', table: 'feature_mart.many', timestampField: 'event_timestamp', createdTimestampColumn: 'created_timestamp' },
});

describe('a worker killed in the middle of a materialization', function () {
  this.timeout(180_000);
  let project: FixtureProject;
  let client: Client;
  let close: () => Promise<void>;
  let held: HeldWorker | undefined;
  let worker: WorkerProcess | undefined;

  before(async () => {
    project = await createFixtureProject();
    await fillTable(project.databaseUrl);
    await project.ports.featureRegistry.apply(defineFeatureRepository({ entities: [customer], featureViews: [many], featureServices: [] }));
    ({ client, close } = await connectClient(project.config.temporal.address));
  });

  after(async () => {
    await held?.kill();
    await worker?.end('SIGKILL');
    await close();
    await project.remove();
  });

  const start = (input: object = { end: AS_OF }): Promise<WorkflowHandle> => client.workflow.start('materializeFeatures', { workflowId: randomId('materialize'), taskQueue: project.config.temporal.task_queue, args: [input] });

  /** Rows that the cursor in the server's last heartbeat covers. */
  const rowsCovered = async (handle: WorkflowHandle): Promise<number> => {
    const { status, raw } = await handle.describe();
    assert.equal(status.name, 'RUNNING');
    const payload = (raw.pendingActivities ?? []).find(({ activityType }) => activityType?.name === 'materializeSlice')?.heartbeatDetails?.payloads?.[0];
    return payload ? (defaultPayloadConverter.fromPayload<{ rows: number } | undefined>(payload)?.rows ?? 0) : 0;
  };

  it('is taken up by another worker at the cursor, and the store ends as if nobody had been killed', async () => {
    held = await startHeldWorker(project, BATCHES - 1);
    const handle = await start();
    await held.held;
    let covered = 0;
    await until(async () => (covered = await rowsCovered(handle)) > ROWS / 2);
    await held.kill();
    assert.deepEqual((await project.ports.featureRegistry.featureViews())[0]?.materializationIntervals, [], 'no interval before all is written');
    worker = await startWorkerProcess(project);
    const { views } = (await handle.result()) as MaterializeFeaturesResult;
    const activities = await activitiesOf(handle);
    assert.deepEqual(activities.map(({ activity, attempt }) => [activity, attempt]), [['planMaterialization', 1], ['materializeSlice', 2], ['renewExpiry', 1], ['recordMaterialization', 1]]);
    const [view] = views;
    assert.equal(view!.written + view!.skipped, ROWS);
    // Rows that were written after the server's last heartbeat are met again, and left alone. From the beginning, it would be all that the cursor covers and more.
    assert.ok(view!.skipped < covered, `${view!.skipped} rows were gone through again, of ${covered} that the cursor covered`);
    const { materializationIntervals } = (await project.ports.featureRegistry.featureViews())[0]!;
    assert.deepEqual(materializationIntervals, [{ startMicros: Number.MIN_SAFE_INTEGER, endMicros: parseInstant(AS_OF) }]);
    const digest = await project.onlineDigest();
    await project.clearOnlineStore();
    const undisturbed = (await (await start()).result()) as MaterializeFeaturesResult;
    assert.deepEqual([undisturbed.views[0]?.written, undisturbed.views[0]?.skipped], [ROWS, 0]);
    assert.equal(await project.onlineDigest(), digest);
  });

  it('of what came since the last one leaves the watermark where it was until another worker has brought all of it', async () => {
    await createdLater(project.databaseUrl);
    const watermark = async (): Promise<number> => Math.max(...(await project.ports.featureRegistry.featureViews())[0]!.materializationIntervals.map(({ endMicros }) => endMicros));
    assert.equal(await worker!.end('SIGTERM'), 0);
    held = await startHeldWorker(project, 3);
    const handle = await start({ incremental: true, end: LATER });
    await held.held;
    await held.kill();
    assert.equal(await watermark(), parseInstant(AS_OF));
    worker = await startWorkerProcess(project);
    const [view] = ((await handle.result()) as MaterializeFeaturesResult).views;
    assert.deepEqual([view!.since, view!.written + view!.skipped, await watermark()], [AS_OF, ROWS, parseInstant(LATER)]);
    const digest = await project.onlineDigest();
    await project.clearOnlineStore();
    await (await start({ end: LATER })).result();
    assert.equal(await project.onlineDigest(), digest, 'as a materialization of everything leaves it');
  });
});

async function fillTable(connectionString: string): Promise<void> {
  const database = new pg.Client({ connectionString });
  await database.connect();
  const features = FEATURES.map(({ name }, i) => `sin(n * ${i + 1}) AS ${name}`).join(', ');
  await database.query(`CREATE TABLE feature_mart.many AS SELECT n::int8 AS customer, ${features}, timestamptz '2013-11-01' + n * interval '1 second' AS event_timestamp, timestamptz '2013-11-03' AS created_timestamp
    FROM generate_series(1, ${ROWS}) AS n`);
  await database.query('ANALYZE feature_mart.many');
  await database.end();
}

/** Every customer gets a newer row, created between the two ends. */
async function createdLater(connectionString: string): Promise<void> {
  const database = new pg.Client({ connectionString });
  await database.connect();
  const features = FEATURES.map(({ name }) => `${name} + 1`).join(', ');
  await database.query(`INSERT INTO feature_mart.many SELECT customer, ${features}, event_timestamp + interval '1 minute', timestamptz '2013-11-15' FROM feature_mart.many`);
  await database.query('ANALYZE feature_mart.many');
  await database.end();
}
