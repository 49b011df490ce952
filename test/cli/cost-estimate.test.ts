import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, startCommandWith, type Finished } from './command.ts';

const RECIPE = 'models/classification/random_forest_classifier';
const SCHEDULES = ['--schedule', 'trainModel=@weekly', '--schedule', 'materializeFeatures=0 */6 * * *'];

interface EstimateJson {
  readonly services: Readonly<Record<string, number>>;
  readonly total_usd: number;
  readonly fixed_usd: number;
  readonly lines: readonly { readonly service: string; readonly item: string; readonly usd: number }[];
}

const estimate = (...args: readonly string[]): Promise<Finished> => startCommandWith({ POSTGRES_PASSWORD: 'not-used', REDIS_PASSWORD: 'not-used' }, ROOT, 'cost', 'estimate', '--recipe-file', RECIPE, ...args).finished;
const estimated = async (...args: readonly string[]): Promise<EstimateJson> => {
  const { stdout, stderr } = await estimate('--json', ...args);
  assert.equal(stderr, '');
  return JSON.parse(stdout) as EstimateJson;
};

describe('ml-pipeline cost estimate', () => {
  let page: string;
  before(async () => {
    page = await readFile(join(ROOT, 'docs', 'cost.md'), 'utf8');
  });
  /** The numbers of a row of the page's table: budget and today, small and medium. */
  const rowOf = (service: string): readonly number[] => {
    const [, cells] = new RegExp(`^\\| ${service.replaceAll('*', '\\*')} \\| (.*) \\|$`, 'm').exec(page) ?? assert.fail(`the page has no row ${service}`);
    return cells!.split(' | ').map((cell) => (cell === '-' ? 0 : Number(cell)));
  };

  for (const [size, column, total] of [['small', 1, 70], ['medium', 3, 150]] as const) {
    it(`gives for the ${size} project what docs/cost.md shows, and its budget of about $${total}`, async () => {
      const { stdout, code } = await estimate(...SCHEDULES, '--assumptions', `docs/cost/${size}.yaml`);
      assert.equal(code, 1, 'both are over their budgets');
      const shown = stdout.trimEnd().split('\n').map((line) => `    ${line}`.trimEnd()).join('\n');
      assert.ok(page.includes(`--assumptions docs/cost/${size}.yaml\n${shown}\n`), `the page shows other figures than the command:\n${stdout}`);
      const sums = new Map([...stdout.matchAll(/^(\S.*?) +\$(\d+\.\d\d)$/gm)].map(([, name, usd]) => [name!, Number(usd)]));
      const five = ['BigQuery', 'Redis', 'Cloud Run', 'Cloud Storage', 'Network'];
      for (const service of [...five, 'Worker pool', 'Cloud SQL', 'Temporal']) assert.equal(rowOf(service)[column], sums.get(service), service);
      assert.equal(rowOf('*all*')[column], sums.get('total'));
      assert.equal(rowOf('*these five*')[column - 1], total);
      assert.equal(five.reduce((sum, service) => sum + rowOf(service)[column - 1]!, 0), total, 'the budget is that of its five services');
      assert.ok(Math.abs(five.reduce((sum, service) => sum + rowOf(service)[column]!, 0) - rowOf('*these five*')[column]!) < 0.005);
    });
  }

  it('counts the worker pool and Temporal also where nothing runs, and says which part is fixed', async () => {
    const { services, fixed_usd: fixed, total_usd: total } = await estimated('--schedule', 'trainModel=@yearly', '--predictions-per-month', '0', '--online-keys', '0');
    assert.ok(services['Worker pool']! > 30 && services['Temporal']! > 0);
    assert.ok(fixed > 30 && fixed <= total);
  });

  it('grows with schedules, bytes, predictions and keys', async () => {
    const few = await estimated('--schedule', 'trainModel=@monthly', '--training-bytes', '4000000000000');
    const many = await estimated('--schedule', 'trainModel=@daily', '--training-bytes', '4000000000000', '--predictions-per-month', '900000000', '--online-keys', '1500000');
    assert.ok(Math.abs(few.services['BigQuery']! - ((4e12 / 2 ** 40) - 1) * 6.25) < 0.01);
    assert.ok(many.services['BigQuery']! > 25 * few.services['BigQuery']!);
    assert.ok(many.services['Cloud Run']! > 1000 && few.services['Cloud Run']! === 0);
    assert.ok(many.services['Redis']! > few.services['Redis']!);
  });

  it('does not count trainings of other recipes that the settings declare', async () => {
    const own = await estimated('--schedule', `trainModel=@daily`, '--training-bytes', '100000000000000');
    const none = await estimated('--training-bytes', '100000000000000');
    assert.ok(own.services['BigQuery']! > 1000);
    assert.equal(none.services['BigQuery'], 0);
  });

  it('refuses unknown schedules and wrong assumptions, each problem with its place', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cost-'));
    try {
      await writeFile(join(folder, 'wrong.yaml'), 'predictions: -1\nredis: redis_cloud_essential\nbudgets: 5\n');
      const wrong = await estimate('--assumptions', join(folder, 'wrong.yaml'));
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, /predictions \(line 1.*less than 0/);
      assert.match(wrong.stderr, /Did you mean "redis_cloud_essentials"/);
      assert.match(wrong.stderr, /budgets.*Did you mean "budget"/);
    } finally {
      await rm(folder, { recursive: true });
    }
    const schedules = await estimate('--schedule', 'nightly', '--schedule', 'trainModels=@daily', '--schedule', 'trainModel=61 * * * *');
    assert.equal(schedules.code, 2);
    assert.match(schedules.stderr, /"nightly", which is not declared/);
    assert.match(schedules.stderr, /Did you mean "trainModel"/);
    assert.match(schedules.stderr, /minute "61"/);
    assert.equal((await estimate('--assumptions', 'nowhere.yaml')).code, 2);
  });

  it('refuses an online store that no plan of the service holds', async () => {
    const { code, stderr } = await estimate('--online-keys', '900000000');
    assert.equal(code, 2);
    assert.match(stderr, /No plan of redis_cloud_essentials .* the largest has 5,000 MB/);
  });
});
