import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { ROOT, startCommand } from '../cli/command.ts';
import { createCustomerTables, customer, lateScores, minute, scores, type CustomerTables } from '../support/customers.ts';
import { createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';
import { until } from '../support/worker-process.ts';

describe('a definition that changes under a materialization', function () {
  this.timeout(120_000);
  let project: FixtureProject;
  let tables: CustomerTables;
  let worker: TestWorker;
  let client: Client;
  let close: () => Promise<void>;
  let writing = 0;
  let held = true;
  let isApplied = false;

  before(async () => {
    project = await createFixtureProject();
    tables = await createCustomerTables(project);
    await tables.query('ALTER TABLE feature_mart.scores ADD COLUMN rank float8');
    await tables.insert('scores', [1, 10, 0], [2, 20, 0]);
    await tables.query('UPDATE feature_mart.scores SET rank = customer');
    const { onlineStore, featureRegistry } = project.ports;
    const write: OnlineStore['write'] = async (view, rows) => {
      writing++;
      try {
        while (held) await sleep(50);
        return await onlineStore.write(view, rows);
      } finally {
        writing--;
      }
    };
    /** A run that ends before the change is applied is no subject of this test. */
    const recordMaterialization: FeatureRegistry['recordMaterialization'] = async (...recorded) => {
      while (!isApplied) await sleep(50);
      return featureRegistry.recordMaterialization(...recorded);
    };
    worker = await startTestWorker(project, { ports: { onlineStore: { ...onlineStore, write }, featureRegistry: { ...featureRegistry, recordMaterialization } } });
    ({ client, close } = await connectClient(project.config.temporal.address));
  });

  after(async () => {
    await worker.stop();
    await close();
    await tables.close();
    await project.remove();
  });

  const start = (end: string): Promise<WorkflowHandle> => client.workflow.start('materializeFeatures', { workflowId: randomId('changing'), taskQueue: project.config.temporal.task_queue, args: [{ views: ['scores'], end }] });

  /** The scores are read from another column. */
  async function defineRanks(): Promise<void> {
    await mkdir(join(project.folder, 'feature_repo'), { recursive: true });
    const viewOf = (view: object): string => `defineFeatureView({ ...${JSON.stringify(view)}, entities: [customer] })`;
    await writeFile(join(project.folder, 'feature_repo', 'index.ts'), `
      import { defineEntity, defineFeatureRepository, defineFeatureView } from '${join(ROOT, 'domain', 'features', 'define.ts')}';
      const customer = defineEntity(${JSON.stringify(customer)});
      export default defineFeatureRepository({ entities: [customer], featureServices: [], featureViews: [${viewOf({ ...scores, source: { ...scores.source, fieldMapping: { rank: 'score' } } })}, ${viewOf(lateScores)}] });`);
  }

  it('waits for the rows under way and removes them; the run is refused at its end, and the next one brings the new values', async () => {
    const run = await start(minute(10));
    await until(() => writing === 1);
    await defineRanks();
    const hasty = startCommand(project.folder, 'features', 'apply', '--yes', '--timeout', '1s');
    const { code, stderr } = await hasty.finished;
    assert.equal(code, 2, stderr);
    assert.match(stderr, /Rows of scores are being written to the online store: waits for that, 1 s at most\.\nerror: Values of feature view "scores" are being written, and were still after 1 s; nothing was changed\./);
    const patient = startCommand(project.folder, 'features', 'apply', '--yes');
    await patient.said('Rows of scores are being written to the online store: waits for that, 120 s at most.');
    held = false;
    assert.equal((await patient.finished).code, 0);
    isApplied = true;
    await assert.rejects(run.result(), (error: unknown) => error instanceof WorkflowFailedError && /CONFLICT|was changed while it was materialized/.test(String((error.cause as Error).cause ?? error.cause)));
    assert.equal(writing, 0);
    assert.deepEqual(await tables.online('scores', 1, 2), [undefined, undefined], 'no row of the earlier definition');
    const { views } = (await (await start(minute(20))).result()) as MaterializeFeaturesResult;
    assert.equal(views[0]!.written, 2);
    assert.deepEqual(await tables.online('scores', 1, 2), [[1, 0], [2, 0]]);
  });

  it('whose values a killed apply could not remove any more is cleared before the next run writes', async () => {
    await tables.query('DELETE FROM feature_mart.scores WHERE customer = 2');
    await project.ports.featureRegistry.apply({ entities: [customer], featureViews: [scores, lateScores], featureServices: [] }); // and then it was killed
    assert.deepEqual(await tables.online('scores', 1, 2), [[1, 0], [2, 0]]);
    await (await start(minute(30))).result();
    assert.deepEqual(await tables.online('scores', 1, 2), [[10, 0], undefined]);
    await project.ports.featureRegistry.removeOnlineValues(() => assert.fail('nothing is left to be removed'));
  });
});
