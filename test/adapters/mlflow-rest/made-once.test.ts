import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { createRestTracker } from '../../../adapters/mlflow-rest/rest-tracker.ts';
import type { ExperimentTracker } from '../../../ports/experiment-tracker.ts';
import { START } from '../../contracts/experiment-tracker.contract.ts';
import { startStandIn } from './stand-in.ts';
import type { Answer, Asked } from './stand-in.ts';

const RUN = { key: 'k', experimentId: '1', name: 'r', startMillis: START, tags: {} };
const MODEL = `m-${'a'.repeat(32)}`;
const runJson = (runId: string): unknown => ({ info: { run_id: runId, experiment_id: '1', run_name: 'r', status: 'RUNNING', start_time: START, lifecycle_stage: 'active', artifact_uri: 'mlflow-artifacts:/1' }, data: {} });

describe('what an MLflow server has no call to make once', () => {
  /** The stand-in answers by the last words of the path. */
  const withServer = async (answers: Readonly<Record<string, (asked: Asked) => Answer>>, use: (tracker: ExperimentTracker, calls: () => string[]) => Promise<void>): Promise<void> => {
    const standIn = await startStandIn((asked) => Object.entries(answers).find(([end]) => asked.path.split('?')[0]?.endsWith(end))?.[1](asked) ?? { status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST' } });
    try {
      const calls = (): string[] => standIn.asked.map(({ path }) => path.split('?')[0]?.split('mlflow/').at(-1) ?? '');
      await use(createRestTracker({ uri: standIn.uri, auth: { type: 'none' }, modelCache: tmpdir(), pauseMillis: 1 }), calls);
    } finally {
      await standIn.stop();
    }
  };

  it('is a run: it is looked for again when the server breaks off after making it', async () => {
    const runs: string[] = [];
    const answers = {
      'runs/search': () => ({ body: { runs: runs.map(runJson) } }),
      'runs/create': () => (runs.push('f1'), { breakOff: 'before' as const }),
    };
    await withServer(answers, async (tracker, calls) => {
      assert.equal((await tracker.ensureRun(RUN)).runId, 'f1');
      assert.deepEqual(calls(), ['runs/search', 'runs/create', 'runs/search']);
    });
  });

  it('is a run: the one that another process made at the same moment is taken, and ours is deleted', async () => {
    const runs = new Set<string>();
    const answers = {
      'runs/search': () => ({ body: { runs: [...runs].sort().slice(0, 1).map(runJson) } }),
      'runs/create': () => (runs.add('a-theirs').add('b-ours'), { body: { run: runJson('b-ours') } }),
      'runs/delete': ({ text }: Asked) => (runs.delete((JSON.parse(text) as { run_id: string }).run_id), {}),
    };
    await withServer(answers, async (tracker) => {
      assert.equal((await tracker.ensureRun(RUN)).runId, 'a-theirs');
      assert.deepEqual([...runs], ['a-theirs']);
    });
  });

  it('is a run: one process makes it once, however many ask', async () => {
    const runs: string[] = [];
    const answers = { 'runs/search': () => ({ body: { runs: runs.map(runJson) } }), 'runs/create': () => (runs.push(`f${runs.length}`), { body: { run: runJson('f0') } }) };
    await withServer(answers, async (tracker) => {
      await Promise.all(Array.from({ length: 5 }, () => tracker.ensureRun(RUN)));
      assert.deepEqual(runs, ['f0']);
    });
  });

  it('is a version: the lower number stays, and the later one is deleted by whoever made it', async () => {
    const numbers = new Set<string>();
    const version = (number: string): unknown => ({ name: 'm', version: number, model_id: MODEL, run_id: 'f1', creation_timestamp: START });
    const answers = {
      [`logged-models/${MODEL}`]: () => ({ body: { model: { info: { model_id: MODEL, name: 'model', status: 'LOGGED_MODEL_READY', artifact_uri: 'mlflow-artifacts:/1' } } } }),
      'registered-models/create': () => ({ status: 400, body: { error_code: 'RESOURCE_ALREADY_EXISTS' } }),
      'registered-models/get': () => ({ body: { registered_model: { name: 'm' } } }),
      'model-versions/search': () => ({ body: { model_versions: [...numbers].reverse().map(version) } }),
      'model-versions/create': () => (numbers.add('9').add('10'), { body: { model_version: version('10') } }),
      // The first removal is done, and its answer lost: the repeat finds nothing.
      'model-versions/delete': ({ text }: Asked) => (numbers.delete((JSON.parse(text) as { version: string }).version) ? { breakOff: 'before' as const } : { status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST' } }),
    };
    await withServer(answers, async (tracker) => {
      assert.equal((await tracker.ensureVersion({ name: 'm', modelId: MODEL, runId: 'f1', tags: {} })).version, '9');
      assert.deepEqual([...numbers], ['9']);
    });
  });

  it('is an alias that replaces another: it is not set where another version has it by now, and a later setter is seen', async () => {
    let current = '1';
    const answers = {
      'model-versions/get': () => ({ body: { model_version: { name: 'm', version: '2' } } }),
      'registered-models/get': () => ({ body: { registered_model: { name: 'm', aliases: [{ alias: 'champion', version: current }] } } }),
      'registered-models/alias': () => ((current = '3'), {}), // another process sets it right after
    };
    await withServer(answers, async (tracker, calls) => {
      assert.equal(await tracker.setAlias('m', 'champion', '2', '7'), false);
      assert.ok(!calls().includes('registered-models/alias'));
      assert.equal(await tracker.setAlias('m', 'champion', '2', '1'), false);
    });
  });
});
