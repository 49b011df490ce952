import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acceptsConnections, findPortHolder } from '../../adapters/local-stack/port-holder.ts';
import { readRunning, stopRecorded } from '../../adapters/local-stack/process-record.ts';
import { startServer } from '../../adapters/local-stack/server-process.ts';
import { temporalServer } from '../../adapters/local-stack/temporal-server.ts';
import { SEARCH_ATTRIBUTE_FLAGS } from '../../temporal/search-attributes.ts';
import type { TrainModelResult } from '../../workflows/train-model.ts';
import { AS_OF, createFixtureProject, fixtureRecipe, type FixtureProject } from '../support/fixture-project.ts';
import { activitiesOf, connectClient, randomId, startTestWorker } from '../support/temporal.ts';
import { until } from '../support/worker-process.ts';

const BINARIES = join(process.env['ML_PIPELINE_TOOLS'] ?? join(import.meta.dirname, '..', '..', '.tools'), 'bin');

/** Not one of the ports that the system gives to outgoing connections: a client that tries to reach the stopped server could be given the server's own. */
async function stablePort(): Promise<number> {
  const port = randomInt(15_000, 30_000);
  return (await acceptsConnections(port)) ? stablePort() : port;
}

describe('Temporal\'s server killed in the middle of a training', function () {
  this.timeout(120_000);
  let folder: string;
  let server: ReturnType<typeof temporalServer>;
  let port: number;
  let address: string;
  let project: FixtureProject;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-temporal-'));
    port = await stablePort();
    address = `127.0.0.1:${port}`;
    server = temporalServer({ binaries: BINARIES, dataFolder: folder, logFile: join(folder, 'temporal.log'), recordFile: join(folder, 'temporal.json'), port, uiPort: await stablePort(), durable: true, searchAttributes: SEARCH_ATTRIBUTE_FLAGS });
    await startServer(server);
    project = await createFixtureProject({ temporalAddress: address });
  });

  after(async () => {
    await project.remove();
    await stopRecorded(server.recordFile, 'SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  it('goes on with the workflow when the server is back; steps that were done stay done', async () => {
    await project.writeRecipe('forest', fixtureRecipe({ name: 'outlived', model: 'outlived', sections: { model: { class_path: 'LGBMClassifier', hyperparameters: { n_estimators: 2000, num_leaves: 8, random_state: 7 } } } }));
    const worker = await startTestWorker(project);
    const { client, close } = await connectClient(address);
    try {
      const handle = await client.workflow.start('trainModel', { workflowId: randomId('train'), taskQueue: project.config.temporal.task_queue, args: [{ recipe: 'forest', as_of: AS_OF }] });
      await until(async () => ((await handle.describe()).raw.pendingActivities ?? []).some(({ activityType, lastStartedTime }) => activityType?.name === 'train' && lastStartedTime));
      const { pid } = (await readRunning(server.recordFile))!;
      process.kill(pid, 'SIGKILL');
      // The kernel's list of sockets can miss one for a moment; a refused connection cannot be wrong.
      await until(async () => findPortHolder(port) === undefined && !(await acceptsConnections(port)));
      await startServer(server);
      const { alias, runId } = (await handle.result()) as TrainModelResult;
      assert.equal(alias, 'champion');
      const activities = await activitiesOf(handle);
      assert.deepEqual(activities.map(({ activity }) => activity), ['planTraining', 'startRun', 'loadSpine', 'buildTrainingSet', 'prepareMatrix', 'train', 'evaluate', 'logModel', 'registerVersion', 'promote', 'finishRun']);
      assert.deepEqual(activities.slice(0, 5).map(({ attempt }) => attempt), [1, 1, 1, 1, 1]);
      assert.deepEqual((await project.ports.tracker.runs({ experiment: 'outlived', limit: 5 })).map((run) => [run.runId, run.status]), [[runId, 'FINISHED']]);
      assert.equal((await project.ports.tracker.versionByAlias('outlived', 'champion'))?.version, '1');
    } finally {
      await close();
      await worker.stop();
    }
  });
});
