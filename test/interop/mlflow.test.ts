import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createFileTracker } from '../../adapters/mlflow/file-tracker.ts';
import { createModelPackager } from '../../adapters/mlflow/model-packager.ts';
import type { ExperimentTracker } from '../../ports/experiment-tracker.ts';
import { CLASSES, RAW_ROWS } from '../adapters/mlflow/example-model.ts';
import { START } from '../contracts/experiment-tracker.contract.ts';
import { closeTo, expectedReading, logTraining, predictHere } from './mlflow/logged-training.ts';
import { FOLDER, python, run } from './mlflow/python-client.ts';

type Table = Record<string, (number | string)[]>;

describe("MLflow's Python client", function () {
  this.timeout(300_000); // importing MLflow takes seconds, and several processes do
  let work: string;
  let root: string;
  let tracker: ExperimentTracker;
  let ids: { runId: string; modelId: string };
  let other: { modelId: string };

  before(async function () {
    if (!existsSync(join(FOLDER, 'python'))) {
      if (process.env['CI'] === 'true') throw new Error(`There is no ${FOLDER}/python: run scripts/install_tools.sh interop`);
      return this.skip();
    }
    work = await mkdtemp(join(tmpdir(), 'mlflow-interop-'));
    root = join(work, 'mlruns');
    tracker = createFileTracker({ root });
    ids = await logTraining(tracker, work, 'classification', 'flight delay');
    other = await logTraining(tracker, work, 'regression', 'arrival delay');
  });
  after(async () => {
    if (work !== undefined) await rm(work, { recursive: true });
  });

  it('reads experiments, runs, metrics, data sets, models and versions of a store that we wrote', async () => {
    const { answer, log } = await python('read', fileUri(root));
    assert.deepEqual(answer, expectedReading(ids, other.modelId));
    assert.doesNotMatch(log, /malformed|invalid/i);
  });

  it('predicts from raw columns, strings and missing values included, what onnxruntime predicts here', async () => {
    const { answer } = await python('predict', fileUri(root), 'models:/flight delay@champion', RAW_ROWS);
    const tables = answer as Record<string, Table> & { index: number[] };
    const expected = await predictHere(tracker, 'models:/flight delay@champion');
    const plain = tables['plain'] as Table;
    assert.deepEqual(Object.keys(plain), ['label', 'probability_on_time', 'probability_late', 'class']);
    assert.deepEqual(plain['label'], [...expected.predictions]);
    assert.deepEqual(plain['class'], [...expected.predictions].map((index) => CLASSES[index]));
    for (const [index, name] of ['probability_on_time', 'probability_late'].entries()) closeTo(plain[name], expected.probabilities[index] as Float32Array);
    for (const kind of ['nullable', 'objects', 'decimals', 'single']) assert.deepEqual(tables[kind], plain, kind);
    assert.deepEqual(tables['without_feature'], tables['all_missing']);
    assert.deepEqual(tables['integers'], tables['floats']);
    assert.deepEqual(tables['empty'], { label: [], probability_on_time: [], probability_late: [], class: [] });
    assert.deepEqual(tables.index, RAW_ROWS.map((_, index) => 10 * index));
  });

  it('predicts numbers with a regression', async () => {
    const { answer } = await python('predict', fileUri(root), 'models:/arrival delay/1', RAW_ROWS);
    const plain = (answer as Record<string, Table>)['plain'] as Table;
    assert.deepEqual(Object.keys(plain), ['prediction']);
    closeTo(plain['prediction'], (await predictHere(tracker, 'models:/arrival delay@champion')).predictions);
  });

  it('reads and predicts the same after `mlflow migrate-filestore` moved the store to SQLite', async () => {
    const database = `sqlite:///${join(work, 'migrated.db')}`;
    await run(join(FOLDER, 'mlflow'), ['migrate-filestore', '--source', root, '--target', database]);
    assert.deepEqual((await python('read', database)).answer, expectedReading(ids, other.modelId));
    const [before, after] = [await python('predict', fileUri(root), 'models:/flight delay@champion', RAW_ROWS), await python('predict', database, 'models:/flight delay@champion', RAW_ROWS)];
    assert.deepEqual(after.answer, before.answer);
  });

  it('writes stores that we read: values, experiments by name, models of MLflow 2 and 3', async () => {
    const theirs = join(work, 'theirs');
    const { folder } = await tracker.modelFolder('models:/flight delay@champion');
    const { answer } = await python('write', fileUri(theirs), folder);
    const written = answer as { run: string; experiment: string; model: string };
    const reader = createFileTracker({ root: theirs });
    const found = await reader.run(written.run);
    assert.deepEqual([found.name, found.status, found.params, found.metrics, found.tags['team']], ['1e5', 'FINISHED', { depth: '3' }, { loss: 0.25 }, 'ml']);
    assert.deepEqual((await reader.metricHistory(written.run, 'loss')).map((point) => [point.step, point.value]), [[0, 0.5], [1, Number.NaN], [2, 0.25]]);
    assert.equal(await reader.ensureExperiment('from python'), written.experiment);
    assert.deepEqual((await reader.runs({ experiment: 'from python', limit: 5 })).map((each) => each.runId), [written.run]);
    for (const uri of ['models:/old@champion', 'models:/old/1', `runs:/${written.run}/old`]) assert.equal((await createModelPackager().read((await reader.modelFolder(uri)).folder)).artifact.target, 'arrived_late', uri);
    for (const uri of ['models:/new/1', `models:/${written.model}`, `runs:/${written.run}/model`]) assert.equal((await reader.modelFolder(uri)).modelId, written.model, uri);
  });

  it('reads names that YAML takes for something else, and gives them to us', async () => {
    const names = ['=', '<<', 'null', '1e5', '12:30', 'yes', '# a', 'a: b', "it's", 'line\u2028separated', 'no \uffff character', ' spaces ', '한국'];
    const ours = createFileTracker({ root: join(work, 'odd') });
    for (const name of names) await ours.ensureExperiment(name);
    const experimentId = await ours.ensureExperiment('odd');
    for (const name of names) await ours.ensureRun({ key: name, experimentId, name, startMillis: START, tags: {} });
    const { answer } = await python('names', fileUri(join(work, 'odd')));
    assert.deepEqual(answer, { experiments: [...names, 'odd', 'Default'].sort(byCodePoint), runs: [...names].sort(byCodePoint) });
    assert.deepEqual((await ours.runs({ experiment: 'odd', limit: 20 })).map(({ name }) => name).sort(byCodePoint), [...names].sort(byCodePoint));
  });

  it('leaves deleted experiments, runs and versions that we see as deleted', async () => {
    const names = ['=', '<<', 'null', 'a: b', ' spaces ', '한국'];
    const root = join(work, 'deleted');
    const deleted = (await python('odd', fileUri(root), JSON.stringify(names))).answer as { experiments: Record<string, string>; run: string; kept: string; deleted: string };
    const reader = createFileTracker({ root });
    for (const name of names) assert.equal(await reader.ensureExperiment(name), deleted.experiments[name], name);
    await assert.rejects(reader.ensureExperiment('deleted'), { code: 'CONFLICT', message: /was deleted.*Restore it/ });
    await assert.rejects(reader.run(deleted.run), { code: 'CONFLICT', message: /was deleted in MLflow/ });
    assert.deepEqual(await reader.runs({ limit: 5 }), []);
    assert.equal(await reader.versionByAlias('m', 'champion'), undefined);
    await assert.rejects(reader.setAlias('m', 'champion', deleted.deleted), { code: 'NOT_FOUND', message: /no version 2 of the registered model m.*Its versions: 1\.$/ });
    // As Python leaves it when it dies between deleting the version and its aliases.
    await writeFile(join(root, 'models', 'm', 'aliases', 'champion'), deleted.deleted);
    assert.equal(await reader.versionByAlias('m', 'champion'), undefined);
    await assert.rejects(reader.modelFolder('models:/m@champion'), { code: 'NOT_FOUND' });
    assert.equal(await reader.setAlias('m', 'champion', deleted.kept, null), true);
    assert.equal((await reader.versionByAlias('m', 'champion'))?.version, deleted.kept);
  });

  it('reads what is left when the process that wrote was killed', async () => {
    const killed = join(work, 'killed');
    const reader = createFileTracker({ root: killed });
    await logTraining(reader, work, 'classification', 'flight delay');
    for (const millis of [25, 60, 110]) await killWriter(killed, millis);
    const { log } = await python('read', fileUri(killed));
    assert.doesNotMatch(log, /malformed|invalid/i);
  });
});

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function killWriter(root: string, millis: number): Promise<void> {
  const child = fork(fileURLToPath(new URL('../adapters/mlflow/store-child.ts', import.meta.url)), [root, 'sequence', '50'], { execArgv: ['--import', 'tsx'] });
  await once(child, 'message');
  child.send('go');
  await sleep(millis);
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function fileUri(folder: string): string {
  return pathToFileURL(folder).href;
}
