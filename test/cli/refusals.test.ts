import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeProject, runCommand, writeDefinitions, type Finished } from './command.ts';

const BROKEN = `name: broken
model:
  class_path: RandomForestClasifier
  hyperparameters: { n_estimators: 100 }
loader:
  source_uri: sql/flights_spine.sql.j2
  entity_schema: { entity_columns: [origin], timestamp_column: event_timestamp }
augmenter: { type: feature_store, feature_service: flight_delay_v1 }
preprocessor: { steps: [{ impute: medain }] }
data_interface: { task_type: clasification, target_column: arrived_late }
evaluation: { split: { method: time, test_size: 2 }, metrics: [roc_auc] }
registraton: { model_name: flight_delay }
`;

describe('Without servers', function () {
  this.timeout(60_000);
  let project: Awaited<ReturnType<typeof makeProject>>;
  before(async () => {
    project = await makeProject();
    await writeFile(join(project.folder, 'recipes', 'broken.yaml'), BROKEN);
    await writeDefinitions(project.folder, { n: 'Int64' });
  });
  after(() => project.remove());
  /** What a command takes that waits for nobody. */
  let startMillis: number;
  before(async () => {
    startMillis = (await run('runs', 'list')).millis;
  });
  const run = (...args: readonly string[]): Promise<Finished> => runCommand(project.folder, ...args);
  /** One JSON document on standard output, and nothing else. */
  const errorOf = ({ stdout, stderr }: Finished) => {
    assert.equal(stderr, '');
    return (JSON.parse(stdout) as { error: { code: string; message: string; problems: readonly { path: string; line?: number; column?: number; cure?: string }[] } }).error;
  };

  it('a wrong recipe is refused with every problem, each with line and column, and the nearest names', async () => {
    const { code, stdout, stderr } = await run('train', '--recipe-file', 'broken');
    assert.equal(code, 2);
    assert.equal(stdout, '');
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines[0], 'error: recipes/broken.yaml is not a valid recipe; nothing was started.');
    for (const line of lines.slice(1)) assert.match(line, /\(line \d+, column \d+\): /);
    for (const [line, word] of [[3, 'RandomForestClassifier'], [9, 'median'], [10, 'classification'], [11, 'test_size'], [12, 'registration']] as const) {
      assert.ok(lines.some((text) => text.includes(`(line ${line},`) && text.includes(word)), `line ${line}: ${word}\n${stderr}`);
    }
    const error = errorOf(await run('train', '--recipe-file', 'broken', '--json'));
    assert.equal(error.code, 'INVALID_RECIPE');
    assert.equal(error.problems.length, lines.length - 1);
  });

  it('an unknown recipe is refused with the nearest one', async () => {
    const result = await run('train', '--recipe-file', 'models/classification/random_forest_clasifier', '--json');
    assert.equal(result.code, 2);
    assert.match(errorOf(result).message, /Did you mean "models\/classification\/random_forest_classifier"\?/);
  });

  it('an instant that is none is refused before any server is asked', async () => {
    for (const args of [['train', '--recipe-file', 'models/regression/lightgbm_regressor', '--as-of', 'never'], ['materialize', '--start', 'never', '--views', 'a', 'a']]) {
      const { code, stderr } = await run(...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /(as_of|start): is "never", which is not an instant such as "2026-11-23T10:00:00Z"/);
    }
  });

  it('an instant without time zone, or of an absurd year, is refused with the place, the value and the cure', async () => {
    const [materialize, backfill, audit] = [['materialize', '--start'], ['backfill', '--start'], ['features', 'audit', '--as-of']];
    for (const [args, text, message] of [
      [materialize, '2026-11-01T10:00', /start: is "2026-11-01T10:00", which has no time zone\b.*Write 2026-11-01T10:00:00Z, or with an offset such as 2026-11-01T10:00:00\+09:00\./],
      [backfill, '2026-11-01', /start: is "2026-11-01", which has no time zone\b.*Write 2026-11-01T00:00:00Z/],
      [['train', '--recipe-file', 'models/regression/lightgbm_regressor', '--as-of'], '2026-11-01 10:00:00.5', /as_of: .*no time zone\b.*2026-11-01T10:00:00\.5Z/],
      [audit, '2026-11-01T10:00', /--as-of.*"2026-11-01T10:00" has no time zone\. Write 2026-11-01T10:00:00Z/],
      [materialize, '0001-01-01T00:00:00Z', /start: is "0001-01-01T00:00:00Z", which lies outside the years 1700 to 2254/],
      [backfill, '1500-01-01T00:00:00Z', /start: .*1700 to 2254/],
      [['materialize', '--end'], '9999-12-31T00:00:00Z', /end: .*1700 to 2254/],
      [audit, '0001-01-01T00:00:00Z', /--as-of.*"0001-01-01T00:00:00Z" lies outside the years 1700 to 2254/],
    ] as const) {
      const { code, stderr } = await run(...args, text);
      assert.deepEqual([code, message.test(stderr)], [2, true], stderr);
    }
  });

  const away: readonly (readonly [readonly string[], RegExp])[] = [
    [['train', '--recipe-file', 'models/regression/lightgbm_regressor'], /Temporal does not answer at 127\.0\.0\.1:1\. Start it with `ml-pipeline stack up`/],
    [['worker'], /Temporal does not answer/],
    [['features', 'list'], /PostgreSQL does not answer .*Check that the server runs/],
    [['predict', '--entity', 'origin=JFK'], /127\.0\.0\.1:1\/predict does not answer\. Start the API with `ml-pipeline serve/],
  ];
  for (const [args, message] of away) {
    it(`\`${args.join(' ')}\` ends with exit code 3, a cure and no stack trace`, async () => {
      const { code, stdout, stderr, millis } = await run(...args);
      assert.equal(code, 3, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
      assert.ok(!stderr.includes('secret-word'));
      assert.equal(stdout, '');
      assert.ok(millis < startMillis + 8_000, `${millis} ms`); // the longest wait is five seconds; twice that would be noticed
    });
  }

  it('runs are listed all the same, and a run or model that is not there is named', async () => {
    const list = await run('runs', 'list', '--json');
    assert.deepEqual([list.code, JSON.parse(list.stdout)], [0, []]);
    const show = await run('runs', 'show', 'abc');
    assert.equal(show.code, 2);
    assert.match(show.stderr, /There is no run abc .*ml-pipeline runs list/);
    const serve = await run('serve', '--model', 'models:/arrival@champion', '--port', '0');
    assert.equal(serve.code, 2);
    assert.match(serve.stderr, /models:\/arrival@champion is not in the MLflow store/);
  });

  it('a folder without a project is told how to make one', async () => {
    const { code, stderr } = await runCommand(tmpdir(), 'runs', 'list');
    assert.equal(code, 2);
    assert.match(stderr, /No project folder: .*ml-pipeline init/);
  });

  it('a name that the stack does not have is refused with all that it has', async () => {
    const { code, stderr } = await run('stack', 'logs', 'nope', 'workr');
    assert.equal(code, 2);
    assert.equal(stderr, 'error: Nothing was done.\n  - logs: There is nothing called "nope". There is: postgres, redis, temporal, worker, api, mlflow.\n  - logs: There is nothing called "workr". Did you mean "worker"?\n');
    assert.match((await run('stack', 'down', 'redis')).stderr, /There is nothing called "redis"\. There is: worker, api, mlflow\./);
  });

  it('a port in use is named with its holder before anything is loaded or installed', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const args of [['serve', '--port', String(port)], ['mlflow', 'ui', '--port', String(port)]]) {
      const { code, stderr } = await run(...args);
      assert.deepEqual([code, stderr.startsWith(`error: Port ${port} on 127.0.0.1 is in use by process ${process.pid} (`)], [2, true], stderr);
    }
    server.close();
  });

  it('an answer that is not the API\'s is told as such', async () => {
    const server = createServer((_, response) => response.writeHead(404).end('<html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { code, stderr } = await run('predict', '--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.close();
    assert.equal(code, 2);
    assert.match(stderr, /answers, but not as the prediction API does \(status 404\)\. Is --url right\?/);
  });
});
