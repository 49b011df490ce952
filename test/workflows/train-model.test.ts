import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import pg from 'pg';
import type { Problem } from '../../domain/errors.ts';
import type { ExperimentTracker, TrackedRun } from '../../ports/experiment-tracker.ts';
import { progressQuery, type Progress } from '../../temporal/progress.ts';
import type { TrainModelResult } from '../../workflows/train-model.ts';
import { AS_OF, fixtureRecipe } from '../support/fixture-project.ts';
import { activitiesOf, connectClient, randomId, startTestWorker } from '../support/temporal.ts';
import { useFixtureWorker } from './fixture-worker.ts';

/** A single split. */
const WEAK = { n_estimators: 1, max_depth: 1, max_features: 1.0 };

describe('the workflow trainModel', function () {
  this.timeout(60_000);
  const fixture = useFixtureWorker();

  const start = (input: object, taskQueue?: string): Promise<WorkflowHandle> => fixture.start('trainModel', input, taskQueue);
  const train = async (recipe: string, extra: object = {}): Promise<TrainModelResult> => (await start({ recipe, as_of: AS_OF, ...extra })).result() as Promise<TrainModelResult>;
  const runsOf = (experiment: string): Promise<readonly TrackedRun[]> => fixture.project.ports.tracker.runs({ experiment, limit: 10 });
  const champion = async (model: string): Promise<string | undefined> => (await fixture.project.ports.tracker.versionByAlias(model, 'champion'))?.version;
  const temporaryFolders = (): Promise<string[]> => readdir(join(fixture.project.folder, 'data', '.tmp')).catch(() => []);

  /** The failure at the end of the chain of causes. */
  const failureOf = async (handle: WorkflowHandle): Promise<Error> => {
    const error = await handle.result().then(() => assert.fail('the workflow did not fail'), (failure: unknown) => failure);
    assert.ok(error instanceof WorkflowFailedError, String(error));
    return error.cause instanceof ActivityFailure ? error.cause.cause! : error.cause!;
  };

  const until = async (condition: () => Promise<boolean>): Promise<void> => {
    while (!(await condition())) await sleep(100);
  };

  it('makes a finished run, a version and the alias from a recipe, and says what it did', async () => {
    await fixture.project.writeRecipe('first', fixtureRecipe({ name: 'first', model: 'first' }));
    const handle = await start({ recipe: 'first', as_of: AS_OF });
    await until(async () => (await handle.query(progressQuery)).steps.some(({ status }) => status === 'running'));
    const result = (await handle.result()) as TrainModelResult;
    assert.deepEqual([result.modelUri, result.version, result.alias, await champion('first')], ['models:/first/1', '1', 'champion', '1']);
    const { training, validation, test } = result.rows;
    assert.ok(training > 5000 && validation > 500 && test > 1000, JSON.stringify(result.rows));
    const [run, ...others] = await runsOf('first');
    assert.deepEqual([others.length, run?.runId, run?.status], [0, result.runId, 'FINISHED']);
    assert.equal(run?.metrics['test_roc_auc'], result.metrics['roc_auc']);
    assert.equal(run?.params['n_estimators'], '10');
    const { artifact } = await fixture.project.ports.modelPackager.read((await fixture.project.ports.tracker.modelFolder('models:/first@champion')).folder);
    assert.deepEqual(artifact.estimator.libraryFiles, ['model.txt']);
    assert.equal(artifact.inputExample.length, 5);
    const { steps }: Progress = await handle.query(progressQuery);
    assert.deepEqual(new Set(steps.map(({ status }) => status)), new Set(['done']), JSON.stringify(steps));
    assert.match(steps.find(({ name }) => name === 'plan')!.detail!, /^16 features of 4 views$/);
    assert.deepEqual(await temporaryFolders(), []);
    const { searchAttributes } = await handle.describe();
    assert.deepEqual([searchAttributes['Recipe'], searchAttributes['MlflowRunId'], searchAttributes['Stage']], [['first'], [result.runId], ['promote']]);
  });

  it('refuses a bad input at once, with every problem', async () => {
    const failure = await failureOf(await start({ recipe: 3, as_of: 'yesterday', promot: true }));
    assert.ok(failure instanceof ApplicationFailure, String(failure));
    assert.equal(failure.type, 'INVALID_INPUT');
    const [problems] = failure.details as [Problem[]];
    assert.deepEqual(problems.map(({ path }) => path).sort(), ['as_of', 'promot', 'recipe']);
  });

  it('refuses a wrong recipe with its problems and their places, and opens no run', async () => {
    await fixture.project.writeRecipe('wrong', fixtureRecipe({ name: 'wrong', sections: { model: { class_path: 'RandomForestClasifier', hyperparameters: {} }, data_interface: { task_type: 'clasification', target_column: 'arrived_late' } } }));
    const failure = await failureOf(await start({ recipe: 'wrong' }));
    assert.ok(failure instanceof ApplicationFailure, String(failure));
    assert.deepEqual([failure.type, failure.nonRetryable], ['INVALID_RECIPE', true]);
    const [problems] = failure.details as [Problem[]];
    assert.deepEqual(problems.map(({ path }) => path).sort(), ['data_interface.task_type', 'model.class_path']);
    assert.deepEqual(problems.filter(({ line, column }) => line === undefined || column === undefined), []);
    assert.deepEqual(await runsOf('wrong'), []);
  });

  it('refuses a recipe that does not fit its query, features and steps, with every problem at its place, and leaves nothing', async () => {
    const sections = {
      data_interface: { task_type: 'classification', target_column: 'arrived_lat' },
      preprocessor: { steps: [{ impute: 'median' }, { one_hot: ['carrier', 'origin'] }] },
    };
    const recipe = fixtureRecipe({ name: 'misfit', sections }) as { augmenter: Record<string, unknown> };
    await fixture.project.writeRecipe('misfit', { ...recipe, augmenter: { ...recipe.augmenter, feature_service: 'flight_delay_v9', request_columns: ['distanse'] } });
    const failure = await failureOf(await start({ recipe: 'misfit', as_of: AS_OF }));
    assert.ok(failure instanceof ApplicationFailure, String(failure));
    assert.equal(failure.type, 'INVALID_RECIPE');
    const [problems] = failure.details as [Problem[]];
    assert.deepEqual(problems.map(({ path }) => path).sort(), ['augmenter.feature_service', 'augmenter.request_columns[0]', 'data_interface.target_column']);
    assert.deepEqual(problems.filter(({ line, column }) => line === undefined || column === undefined), []);
    assert.match(failure.message, /arrived_late.*distance|distance.*arrived_late/s);
    assert.deepEqual(await runsOf('misfit'), []);
  });

  it('names a step that asks for a column that is no input', async () => {
    await fixture.project.writeRecipe('no_column', fixtureRecipe({ name: 'no_column', sections: { preprocessor: { steps: [{ one_hot: ['carier'] }] } } }));
    const failure = await failureOf(await start({ recipe: 'no_column', as_of: AS_OF }));
    assert.ok(failure instanceof ApplicationFailure, String(failure));
    const [problems] = failure.details as [Problem[]];
    assert.match(problems[0]?.path ?? '', /^preprocessor\.steps\[0\]\.one_hot\[0\]$/);
    assert.ok(problems.every(({ line }) => line !== undefined));
  });

  it('ends the run as FAILED when a step fails for good', async () => {
    await fixture.project.writeRecipe('no_rows', fixtureRecipe({ name: 'no_rows' }));
    const handle = await start({ recipe: 'no_rows', as_of: '2013-10-01T00:00:00Z' });
    const failure = await failureOf(handle);
    assert.ok(failure instanceof ApplicationFailure, String(failure));
    assert.equal(failure.type, 'INVALID_DATA');
    assert.deepEqual((await runsOf('no_rows')).map(({ status }) => status), ['FAILED']);
    const { steps }: Progress = await handle.query(progressQuery);
    assert.deepEqual(steps.filter(({ status }) => status === 'failed').map(({ name }) => name), ['fit preprocessing']);
  });

  it('keeps the alias with the better model, and moves it to a better one', async () => {
    await fixture.project.writeRecipe('better_weak', fixtureRecipe({ name: 'better', model: 'better', hyperparameters: WEAK }));
    await fixture.project.writeRecipe('better_strong', fixtureRecipe({ name: 'better', model: 'better' }));
    const outcomes: unknown[] = [];
    for (const recipe of ['better_weak', 'better_strong', 'better_strong', 'better_weak']) {
      const { version, alias } = await train(recipe);
      outcomes.push([version, alias, await champion('better')]);
    }
    assert.deepEqual(outcomes, [['1', 'champion', '1'], ['2', 'champion', '2'], ['3', null, '2'], ['4', null, '2']]);
  });

  it('sets no alias when the caller asks for no promotion', async () => {
    await fixture.project.writeRecipe('unpromoted', fixtureRecipe({ name: 'unpromoted', model: 'unpromoted' }));
    const { version, alias, promotion } = await train('unpromoted', { promote: false });
    assert.deepEqual([version, alias, promotion, await champion('unpromoted')], ['1', null, 'the caller asked for no promotion', undefined]);
  });

  it('compares again when another run took the alias meanwhile', async () => {
    await fixture.project.writeRecipe('race_weak', fixtureRecipe({ name: 'race', model: 'race', hyperparameters: WEAK }));
    await fixture.project.writeRecipe('race_strong', fixtureRecipe({ name: 'race', model: 'race' }));
    await train('race_weak');
    await train('race_weak', { promote: false });
    let rivals = 0;
    const tracker: ExperimentTracker = {
      ...fixture.project.ports.tracker,
      setAlias: async (name, alias, version, replaces) => {
        if (rivals++ === 0) await fixture.project.ports.tracker.setAlias(name, alias, '2');
        return fixture.project.ports.tracker.setAlias(name, alias, version, replaces);
      },
    };
    const taskQueue = randomId('race');
    const racing = await startTestWorker(fixture.project, { ports: { tracker }, taskQueue });
    try {
      const handle = await start({ recipe: 'race_strong', as_of: AS_OF }, taskQueue);
      const { alias, promotion } = (await handle.result()) as TrainModelResult;
      assert.deepEqual([alias, await champion('race')], ['champion', '3']);
      assert.match(promotion, /of version 2$/);
      assert.deepEqual((await activitiesOf(handle)).map(({ activity }) => activity).slice(-5), ['registerVersion', 'promote', 'evaluate', 'promote', 'finishRun']);
    } finally {
      await racing.stop();
    }
  });

  it('leaves the alias with a champion that cannot be scored here, and says why', async () => {
    await fixture.project.writeRecipe('foreign', fixtureRecipe({ name: 'foreign', model: 'foreign' }));
    await train('foreign');
    const { folder } = await fixture.project.ports.tracker.modelFolder('models:/foreign@champion');
    await writeFile(join(folder, 'model.onnx'), 'no graph');
    const { alias, promotion } = await train('foreign');
    assert.equal(alias, null);
    assert.match(promotion, /^version 1 keeps the alias: /);
  });

  it('stops the server\'s query when it is cancelled, and ends the run as KILLED', async () => {
    await writeFile(join(fixture.project.folder, 'recipes', 'sql', 'slow.sql.j2'), "SELECT 'EWR' AS origin, {{ as_of() }} AS event_timestamp, 1 AS arrived_late, CAST(pg_sleep(55) AS text) AS waited");
    await fixture.project.writeRecipe('slow', fixtureRecipe({ name: 'slow', sections: { loader: { source_uri: 'sql/slow.sql.j2', entity_schema: { entity_columns: ['origin'], timestamp_column: 'event_timestamp' }, parameters: {} }, augmenter: { type: 'pass_through', request_columns: [] }, preprocessor: { steps: [{ one_hot: ['origin'] }] } } }));
    const database = new pg.Client({ connectionString: fixture.project.databaseUrl });
    await database.connect();
    const sleeping = async (): Promise<boolean> => (await database.query("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(55)%' AND pid <> pg_backend_pid()")).rowCount! > 0;
    try {
      const handle = await start({ recipe: 'slow', as_of: AS_OF });
      await until(sleeping);
      await handle.cancel();
      assert.equal((await failureOf(handle)).constructor, CancelledFailure);
      assert.equal(await sleeping(), false);
      assert.deepEqual((await runsOf('slow')).map(({ status }) => status), ['KILLED']);
    } finally {
      await database.end();
    }
  });

  it('stops the training process when it is cancelled, and removes its files', async () => {
    await fixture.project.writeRecipe('long', fixtureRecipe({ name: 'long', sections: { model: { class_path: 'LGBMClassifier', hyperparameters: { n_estimators: 100_000, num_leaves: 31, random_state: 1 } } } }));
    const handle = await start({ recipe: 'long', as_of: AS_OF });
    const trains = async (): Promise<boolean> => ((await handle.describe()).raw.pendingActivities ?? []).some(({ activityType, heartbeatDetails }) => activityType?.name === 'train' && (heartbeatDetails?.payloads?.[0]?.data ?? []).length > 0);
    await until(trains); // the first heartbeat, before the training, has no data
    assert.notDeepEqual(await temporaryFolders(), []);
    await handle.cancel();
    assert.equal((await failureOf(handle)).constructor, CancelledFailure);
    assert.deepEqual(await temporaryFolders(), []);
    assert.deepEqual((await runsOf('long')).map(({ status }) => status), ['KILLED']);
  });

  it('works in a namespace without our search attributes', async () => {
    const namespace = randomId('bare');
    await fixture.client.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
    const other = await connectClient(fixture.project.config.temporal.address, namespace);
    await until(() => other.client.workflow.count().then(() => true, () => false));
    const bare = await startTestWorker(fixture.project, { namespace });
    try {
      await fixture.project.writeRecipe('bare', fixtureRecipe({ name: 'bare', model: 'bare' }));
      const handle = await other.client.workflow.start('trainModel', { workflowId: randomId('train'), taskQueue: fixture.project.config.temporal.task_queue, args: [{ recipe: 'bare', as_of: AS_OF }] });
      assert.equal(((await handle.result()) as TrainModelResult).alias, 'champion');
      const { events } = await handle.fetchHistory();
      assert.equal(events!.some((event) => event.upsertWorkflowSearchAttributesEventAttributes), false);
    } finally {
      await bare.stop();
      await other.close();
    }
  });
});
