import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createFileTracker } from '../../../adapters/mlflow/file-tracker.ts';

const CHILD = fileURLToPath(new URL('store-child.ts', import.meta.url));
const PROCESSES = 20;
const RUNS = 12;

describe('many processes on one MLflow file store', function () {
  this.timeout(120_000);
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'mlruns-race-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('make one experiment, one run and one version of the same, and versions 1..20 of twenty models', async () => {
    const children = await Promise.all(Array.from({ length: PROCESSES }, (_, index) => startChild(root, 'race', index)));
    const results = await Promise.all(children.map(async (child) => {
      child.send('go');
      return (await messageOf(child)) as { experimentId: string; runId: string; version: string; own: string };
    }));
    for (const key of ['experimentId', 'runId', 'version'] as const) assert.equal(new Set(results.map((result) => result[key])).size, 1, key);
    assert.deepEqual(results.map((result) => Number(result.own)).sort((a, b) => a - b), Array.from({ length: PROCESSES }, (_, i) => i + 1));
    assert.deepEqual((await readdir(root)).filter((name) => /^\d+$/.test(name)).length, 2, 'Default and one more experiment');
    const tracker = createFileTracker({ root });
    const [run] = (await tracker.runs({ limit: 100 })).filter((found) => found.name === 'the same');
    assert.equal((await tracker.metricHistory(run?.runId ?? '', 'loss')).length, 20);
    assert.equal((await tracker.runs({ limit: 100 })).length, PROCESSES + 1);
  });

  it('end as one that was not disturbed, when they are killed again and again in the middle', async () => {
    const tracker = createFileTracker({ root });
    let kills = 0;
    for (let done = false; !done; ) {
      const child = await startChild(root, 'sequence', RUNS);
      child.send('go');
      const ended = once(child, 'message').then(() => true);
      // Early kills and later ones, so that each place in the sequence is hit at some time; the last child is left in peace.
      done = await Promise.race([ended, sleep(kills < 8 ? 15 + kills * 20 : 60_000).then(() => false)]);
      if (!done) kills += Number(child.kill('SIGKILL'));
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      for (const run of await tracker.runs({ limit: 100 })) assert.equal(run.tags['mlflow.runName'], run.name, 'a run is there whole or not at all');
    }
    assert.ok(kills >= 3, `only ${kills} kills hit`);
    await checkComplete(root);
  });
});

async function checkComplete(root: string): Promise<void> {
  const tracker = createFileTracker({ root });
  const runs = await tracker.runs({ limit: 100 });
  assert.deepEqual(runs.map((run) => run.name).sort(), Array.from({ length: RUNS }, (_, i) => `run ${i}`).sort());
  for (const run of runs) {
    assert.equal(run.status, 'FINISHED');
    assert.deepEqual(run.params, { depth: '3', 'group/lr': '0.1' });
    assert.equal((await tracker.metricHistory(run.runId, 'loss')).length, 20);
    assert.equal((await tracker.metricHistory(run.runId, 'test_auc')).length, 1);
    const { modelId, folder } = await tracker.modelFolder(`runs:/${run.runId}/model`);
    assert.deepEqual(JSON.parse(await readFile(join(folder, '..', 'tags', 'mlflow.modelVersions'), 'utf8')), [{ name: 'model', version: Number(run.name.slice(4)) + 1 }]);
    assert.equal((await tracker.modelFolder(`models:/model/${Number(run.name.slice(4)) + 1}`)).modelId, modelId);
  }
  assert.equal((await tracker.versionByAlias('model', 'champion'))?.version, String(RUNS));
}

/** The child's next message; a child that ends without one fails the test at once (its error stands on standard error). */
async function messageOf(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code, signal]) => assert.fail(`the child process ended with ${String(code ?? signal)} before it answered`));
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  return message;
}

async function startChild(root: string, mode: string, count: number): Promise<ChildProcess> {
  const child = fork(CHILD, [root, mode, String(count)], { execArgv: ['--import', 'tsx'] });
  assert.equal(await messageOf(child), 'ready');
  return child;
}
