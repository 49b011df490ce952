import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createMetrics } from '../../api/metrics.ts';
import { ROOT } from '../cli/command.ts';
import { monitoredMetrics, monitoringFiles } from '../support/monitored-metrics.ts';

const run = promisify(execFile);
const APPLY = join(ROOT, 'deploy', 'monitoring', 'apply.sh');

/** https://cloud.google.com/monitoring/api/metrics_gcp_a_b */
const OF_GOOGLE = ['bigquery.googleapis.com/query/statement_scanned_bytes_billed'];
/** https://docs.temporal.io/references/sdk-metrics; that a worker sends them under these names is shown by test/cli/telemetry.test.ts. */
const OF_TEMPORAL = ['temporal_activity_execution_failed', 'temporal_worker_task_slots_available', 'temporal_workflow_completed', 'temporal_workflow_failed'];

interface Policy {
  readonly displayName: string;
  readonly documentation: { readonly content: string };
  readonly conditions: readonly { readonly conditionPrometheusQueryLanguage?: { readonly query: string; readonly duration: string; readonly disableMetricValidation?: boolean }; readonly conditionThreshold?: object }[];
}

describe('Dashboard and alert policies', () => {
  it('name only metrics that are there', async () => {
    const metrics = createMetrics();
    metrics.watch({ pushPendingRows: () => 0, materializedUntil: () => new Map() });
    const ours = metrics.registry.getMetricsAsArray().map(({ name }) => name);
    const named = await monitoredMetrics();
    for (const name of named) assert.ok([...ours, ...OF_TEMPORAL, ...OF_GOOGLE].includes(name), `${name} is a metric of nobody`);
    const own = ours.filter((name) => name.startsWith('ml_pipeline_'));
    for (const name of own) assert.ok(named.includes(name), `${name} is shown nowhere`);
  });

  it('name labels that the metrics have', async () => {
    const metrics = createMetrics();
    const text = JSON.stringify([...(await monitoringFiles()).values()]);
    metrics.seconds.observe({ route: '/predict', status: '500' }, 1);
    for (const [, label] of text.matchAll(/ml_pipeline_request_seconds\w*\{(\w+)=/g)) assert.ok(['route', 'status'].includes(label!), label);
    assert.match(await metrics.registry.metrics(), /route="\/predict",status="500"/);
  });

  it('cover errors, latency, staleness, workflows, pushes and money, each with what to do', async () => {
    const files = await monitoringFiles();
    for (const name of ['error-rate', 'latency', 'feature-staleness', 'failed-workflows', 'push-backlog', 'query-bytes']) assert.ok(files.has(join('alerts', `${name}.json`)), name);
    const names = new Set<string>();
    for (const [file, content] of files) {
      if (file === 'dashboard.json') continue;
      const { displayName, documentation, conditions } = content as Policy;
      names.add(displayName);
      assert.ok(documentation.content.length > 60, file);
      // On a new project no metric has a value yet, and Cloud Monitoring takes no query of such a one unless told so.
      for (const { conditionPrometheusQueryLanguage: query } of conditions) assert.ok(query === undefined || query.disableMetricValidation === true, file);
      for (const condition of conditions) assert.ok(condition.conditionThreshold !== undefined || /^\d+s$/.test(condition.conditionPrometheusQueryLanguage?.duration ?? ''), file);
    }
    assert.equal(names.size, files.size - 1, 'apply.sh knows them by their names');
  });

  describe('applied by the script', () => {
    let folder: string;
    const applied = async (...args: readonly string[]): Promise<{ readonly stdout: string; readonly made: readonly string[]; readonly commands: string }> => {
      for (const name of ['made', 'commands']) await writeFile(join(folder, name), '');
      const { stdout } = await run('bash', [APPLY, 'my-project', ...args], { env: { ...process.env, STAND_IN: folder, PATH: `${folder}:${process.env['PATH']}` } });
      return { stdout, made: (await readFile(join(folder, 'made'), 'utf8')).split('\n').filter((line) => line !== ''), commands: await readFile(join(folder, 'commands'), 'utf8') };
    };
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'monitoring-'));
      await cp(join(ROOT, 'test', 'deploy', 'google-cloud-stand-in.sh'), join(folder, 'gcloud'));
      await chmod(join(folder, 'gcloud'), 0o755);
    });
    after(() => rm(folder, { recursive: true }));

    it('are only printed in a dry run', async () => {
      const { stdout, made, commands } = await applied('--dry-run');
      assert.deepEqual([made, commands], [[], '']);
      assert.equal(stdout.match(/^would make: /gm)?.length, (await monitoringFiles()).size);
    });

    it('are made the first time, left alone the next, and replaced where something changed', async () => {
      const count = (await monitoringFiles()).size;
      const first = await applied();
      assert.equal(first.made.length, count);
      assert.doesNotMatch(first.commands, /notification-channels/);
      assert.deepEqual((await applied()).made, []);
      const told = await applied('--channel', 'projects/my-project/notificationChannels/1');
      assert.equal(told.commands.match(/policies update projects\/1\/policies\/7 .*--set-notification-channels=projects\/my-project\/notificationChannels\/1/g)?.length, count - 1);
      assert.deepEqual(told.made.slice(-2), ['removed projects/1/dashboards/7', 'dashboards ml-pipeline']);
    });

    it('are refused for a project that cannot be one, and for options that are none', async () => {
      for (const args of [['My Project'], ['my-project', '--dryrun'], ['my-project', '--channel', '7'], []]) await assert.rejects(run('bash', [APPLY, ...args]), { code: 2 });
    });
  });
});
