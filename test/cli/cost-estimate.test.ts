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

const estimateWith = (variables: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Finished> => startCommandWith(variables, ROOT, 'cost', 'estimate', '--recipe-file', RECIPE, ...args).finished;
const estimate = (...args: readonly string[]): Promise<Finished> => estimateWith({ POSTGRES_PASSWORD: undefined, REDIS_PASSWORD: undefined }, ...args);

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

  it('needs no variable that the settings name: neither passwords nor, on the cloud, hosts and projects', async () => {
    const missing = Object.fromEntries(['GOOGLE_CLOUD_PROJECT', 'REDIS_HOST', 'REDIS_PASSWORD', 'TEMPORAL_ADDRESS', 'TEMPORAL_API_KEY', 'MLFLOW_TRACKING_URI'].map((name) => [name, undefined]));
    const { stdout, code, stderr } = await estimateWith({ ...missing, APP_ENV: 'cloud' }, '--json');
    assert.equal(code, 0, stderr);
    assert.ok((JSON.parse(stdout) as EstimateJson).total_usd > 0);
    assert.match(stderr, /^$|No schedule is declared or given/);
  });

  it('is one JSON document with --json', async () => {
    const { stdout, stderr, code } = await estimate('--json', ...SCHEDULES, '--predictions-per-month', '5000');
    const { services, total_usd: total, fixed_usd: fixed, lines } = JSON.parse(stdout) as EstimateJson;
    assert.deepEqual([stderr, code], ['', 0]);
    assert.ok(fixed < total && Math.abs(Object.values(services).reduce((sum, usd) => sum + usd, 0) - total) < 1e-9 && lines.length > 20);
  });

  it('refuses wrong assumptions, each problem with its place', async () => {
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
  });

  it('refuses to measure where the warehouse does not bill by bytes', async () => {
    const { code, stderr } = await estimateWith({ POSTGRES_PASSWORD: 'not-used', REDIS_PASSWORD: 'not-used' }, '--measure');
    assert.equal(code, 2);
    assert.match(stderr, /does not bill by bytes.*--training-bytes/);
  });
});
