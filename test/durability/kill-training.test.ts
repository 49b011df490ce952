import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { TrainingProgress } from '../../ports/trainer.ts';
import type { TrainModelResult } from '../../workflows/train-model.ts';
import { AS_OF, createFixtureProject, fixtureRecipe, type FixtureProject } from '../support/fixture-project.ts';
import { activitiesOf, connectClient, randomId } from '../support/temporal.ts';
import { isAlive, startWorkerProcess, until, type WorkerProcess } from '../support/worker-process.ts';

/** Every step of a training, in order, each once. */
const STEPS = ['planTraining', 'startRun', 'loadSpine', 'buildTrainingSet', 'prepareMatrix', 'train', 'evaluate', 'logModel', 'registerVersion', 'promote', 'finishRun'];

describe('a worker killed in the middle of a training', function () {
  this.timeout(120_000);
  let project: FixtureProject;
  let client: Client;
  let close: () => Promise<void>;
  let worker: WorkerProcess;
  let undisturbed: TrainModelResult;

  before(async () => {
    project = await createFixtureProject();
    ({ client, close } = await connectClient(project.config.temporal.address));
    worker = await startWorkerProcess(project);
    undisturbed = (await (await start('undisturbed')).result()) as TrainModelResult;

  });

  after(async () => {
    await worker.end('SIGKILL');
    await close();
    await project.remove();
  });

  const start = async (name: string): Promise<WorkflowHandle> => {
    const model = { class_path: 'LGBMClassifier', hyperparameters: { n_estimators: 3000, num_leaves: 8, random_state: 7, subsample: 0.8, subsample_freq: 1 } };
    await project.writeRecipe(name, fixtureRecipe({ name, model: name, sections: { model } }));

    return client.workflow.start('trainModel', { workflowId: randomId(name), taskQueue: project.config.temporal.task_queue, args: [{ recipe: name, as_of: AS_OF }] });
  };

  const pending = async (handle: WorkflowHandle, activity: string) => {
    const { status, raw } = await handle.describe();
    assert.equal(status.name, 'RUNNING', `the workflow ended before ${activity} was seen at work`);
    return (raw.pendingActivities ?? []).find(({ activityType, lastStartedTime }) => activityType?.name === activity && lastStartedTime);
  };

  /** The training processes, when a tree has been grown. */
  const trainersAtWork = async (handle: WorkflowHandle): Promise<readonly number[]> => {
    await until(async () => {
      const payload = (await pending(handle, 'train'))?.heartbeatDetails?.payloads?.[0];
      return payload !== undefined && payload !== null && (defaultPayloadConverter.fromPayload<TrainingProgress | undefined>(payload)?.iteration ?? 0) > 0;
    });
    const trainers = worker.trainers();
    assert.equal(trainers.length, 1);
    return trainers;
  };

  /** Every step was done once, and this one was tried a second time. */
  const assertTriedAgain = async (handle: WorkflowHandle, step: string): Promise<void> => {
    const activities = await activitiesOf(handle);
    assert.deepEqual(activities.map(({ activity }) => activity), STEPS);
    assert.ok(activities.every(({ completed }) => completed));
    assert.deepEqual(activities.filter(({ attempt }) => attempt > 1).map(({ activity, attempt }) => [activity, attempt]), [[step, 2]]);
  };

  /** One run, one model, one version with the alias, and the same bytes and figures as the training that nobody disturbed. */
  const assertAsUndisturbed = async (name: string, result: TrainModelResult): Promise<void> => {
    const { tracker } = project.ports;
    const runs = await tracker.runs({ experiment: name, limit: 10 });
    assert.deepEqual(runs.map(({ runId, status }) => [runId, status]), [[result.runId, 'FINISHED']]);
    assert.deepEqual((await readdir(join(project.folder, 'mlruns', result.experimentId, 'models'))).length, 1);
    assert.deepEqual((await readdir(join(project.folder, 'mlruns', 'models', name))).filter((entry) => entry.startsWith('version-')), ['version-1']);
    assert.equal((await tracker.versionByAlias(name, 'champion'))?.version, '1');
    assert.deepEqual(result.metrics, undisturbed.metrics);
    const [ours, theirs] = [await tracker.modelFolder(result.modelUri), await tracker.modelFolder(undisturbed.modelUri)];
    for (const file of ['model.txt', 'model.onnx']) assert.ok((await readFile(join(ours.folder, file))).equals(await readFile(join(theirs.folder, file))), `${file} differs`);
    const other = await tracker.run(undisturbed.runId);
    assert.deepEqual(runs[0]?.metrics, other.metrics);
    assert.deepEqual(runs[0]?.params, other.params);
  };

  it('leaves no process behind; another worker trains again and repeats nothing else', async () => {
    const handle = await start('killed_while_training');
    const trainers = await trainersAtWork(handle);
    assert.equal(await worker.end('SIGKILL'), 'SIGKILL');
    const killed = Date.now();
    await until(() => !trainers.some(isAlive));
    assert.ok(Date.now() - killed < 3000, `the training process lived on for ${Date.now() - killed} ms`);
    worker = await startWorkerProcess(project);
    const result = (await handle.result()) as TrainModelResult;
    await assertTriedAgain(handle, 'train');
    await assertAsUndisturbed('killed_while_training', result);
  });

  it('trains again in the same worker when the training process alone is killed', async () => {
    const handle = await start('killed_trainer');
    const [trainer] = await trainersAtWork(handle);
    process.kill(trainer!, 'SIGKILL');
    await until(() => !isAlive(trainer!));
    const result = (await handle.result()) as TrainModelResult;
    assert.ok(isAlive(worker.pid), 'the worker ended with its child');
    await assertTriedAgain(handle, 'train');
    await assertAsUndisturbed('killed_trainer', result);
    assert.deepEqual(worker.trainers(), []);
  });

  it('leaves one run, one model and one version when it was about to log the model', async () => {
    const handle = await start('killed_while_logging');
    await until(async () => (await pending(handle, 'logModel')) !== undefined);
    assert.equal(await worker.end('SIGKILL'), 'SIGKILL');
    worker = await startWorkerProcess(project);
    const result = (await handle.result()) as TrainModelResult;
    await assertTriedAgain(handle, 'logModel');
    await assertAsUndisturbed('killed_while_logging', result);
  });

  it('hands a training over when it is asked to stop, and ends with exit code 0', async () => {
    const handle = await start('stopped_while_training');
    await until(() => worker.trainers().length > 0);
    await until(async () => (await pending(handle, 'train')) !== undefined);
    assert.equal(await worker.end('SIGTERM'), 0);
    assert.equal((await handle.describe()).status.name, 'RUNNING');
    worker = await startWorkerProcess(project);
    await assertAsUndisturbed('stopped_while_training', (await handle.result()) as TrainModelResult);
  });
});
