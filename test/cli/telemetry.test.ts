import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { registerModel } from '../api/model-fixture.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { monitoredMetrics } from '../support/monitored-metrics.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { testServers } from '../support/servers.ts';
import { connectClient, randomId } from '../support/temporal.ts';
import { makeProject, startCommand } from './command.ts';

/** Temporal tells of a metric when it has something to count: these come with work that this test does not do. */
const NOT_PROVOKED = new Set(['temporal_workflow_completed', 'temporal_activity_execution_failed']);

describe('A worker with telemetry and logs for Cloud Logging', function () {
  this.timeout(60_000);
  let [database, receiver]: [TestDatabase, OtlpReceiver] = [] as never;
  before(async () => {
    [database, receiver] = await Promise.all([createTestDatabase(), startOtlpReceiver()]);
  });
  after(async () => {
    await receiver.close();
    await database.drop();
  });

  it('sends Temporal\'s own metrics, those that the alerts name among them, and traces, and logs lines that Cloud Logging reads', async () => {
    const { temporalAddress, redisUrl } = await testServers();
    const taskQueue = randomId('telemetry');
    const project = await makeProject({ temporalAddress, redisUrl, postgresUrl: database.url, taskQueue });
    await withTelemetry(project.folder, receiver.url);
    const { client, close } = await connectClient(temporalAddress);
    const worker = startCommand(project.folder, 'worker');
    try {
      await worker.said('worker started');
      await assert.rejects(client.workflow.execute('trainModel', { workflowId: randomId('train'), taskQueue, args: [{ recipe: 'nowhere' }] }), WorkflowFailedError);
      await receiver.until(() => receiver.binary.some((body) => body.includes('temporal_workflow_failed')));
      const wanted = (await monitoredMetrics()).filter((name) => name.startsWith('temporal_') && !NOT_PROVOKED.has(name));
      assert.ok(wanted.length >= 2);
      await receiver.until(() => wanted.every((name) => receiver.binary.some((body) => body.includes(name))));
      await receiver.until(() => receiver.spans.some(({ name }) => name === 'activity planTraining'));
      assert.deepEqual([...receiver.authorizations], ['Bearer collector']);
    } finally {
      worker.child.kill('SIGTERM');
      await once(worker.child, 'close');
      await close();
      await project.remove();
    }
    const lines = (await worker.finished).stderr.trim().split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    assert.ok(lines.some(({ severity, message, task_queue: queue }) => severity === 'INFO' && message === 'worker started' && queue === taskQueue));
    assert.ok(lines.every(({ severity, time }) => ['INFO', 'WARNING', 'ERROR'].includes(String(severity)) && !Number.isNaN(Date.parse(String(time)))));
    const refused = lines.find(({ severity, 'logging.googleapis.com/trace': trace }) => severity === 'WARNING' && String(trace).startsWith('projects/my-project/traces/'));
    const activity = receiver.spans.find(({ name }) => name === 'activity planTraining')!;
    assert.equal(refused?.['logging.googleapis.com/trace'], `projects/my-project/traces/${activity.traceId}`, 'what an activity logs is found by its trace');
  });
});

describe('An API with telemetry and logs for Cloud Logging', function () {
  this.timeout(30_000);

  it('tells why it does not start in one entry of the severity ERROR', async () => {
    const project = await makeProject({ redisUrl: (await testServers()).redisUrl });
    await withTelemetry(project.folder, 'http://127.0.0.1:1');
    const [port = 0] = await findFreePorts(1);
    const { code, stderr } = await startCommand(project.folder, 'serve', '--port', String(port), '--model', 'models:/nothing@champion').finished;
    assert.equal(code, 2);
    const lines = stderr.trim().split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const { severity, message, code: told } = lines.at(-1)!;
    assert.deepEqual([severity, told], ['ERROR', 'NOT_FOUND']);
    assert.match(String(message), /models:\/nothing@champion/);
    await project.remove();
  });

  it('answers with the request\'s id, sends its metrics and the spans of a request, and logs one line for it', async () => {
    const receiver = await startOtlpReceiver();
    const project = await makeProject({ redisUrl: (await testServers()).redisUrl });
    await withTelemetry(project.folder, receiver.url);
    await registerModel(join(project.folder, 'mlruns'), {});
    const [port = 0] = await findFreePorts(1);
    const api = startCommand(project.folder, 'serve', '--port', String(port));
    const traceId = 'c'.repeat(32);
    try {
      await api.said('api listening');
      const answer = await fetch(`http://127.0.0.1:${port}/predict?who=me`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-request-id': 'mine-7', 'x-cloud-trace-context': `${traceId}/5;o=1` }, body: '{"instances": 3}' });
      assert.deepEqual([answer.status, answer.headers.get('x-request-id')], [400, 'mine-7']);
      await receiver.until(() => receiver.metrics.has('ml_pipeline_request_seconds') && receiver.metrics.has('ml_pipeline_push_pending_rows') && receiver.spans.some(({ name }) => name === 'POST /predict'));
      const { traceId: kept, parentSpanId } = receiver.spans.find(({ name }) => name === 'POST /predict')!;
      assert.deepEqual([kept, parentSpanId], [traceId, '0000000000000005']);
    } finally {
      api.child.kill('SIGTERM');
      await api.finished;
      await receiver.close();
      await project.remove();
    }
    const lines = (await api.finished).stderr.trim().split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const line = lines.find(({ request_id: id }) => id === 'mine-7');
    const { latency, ...request } = line?.['httpRequest'] as Readonly<Record<string, unknown>>;
    assert.deepEqual(request, { requestMethod: 'POST', requestUrl: '/predict', status: 400, protocol: 'HTTP/1.1' });
    assert.match(String(latency), /^\d+\.\d{6}s$/);
    assert.equal(line?.['logging.googleapis.com/trace'], `projects/my-project/traces/${traceId}`);
  });
});

/** Adds the settings to the project's. */
async function withTelemetry(folder: string, endpoint: string): Promise<void> {
  const file = join(folder, 'config', 'environments', 'local.yaml');
  const settings = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...settings, logs: { folder: './logs', format: 'cloud_logging', project: 'my-project' }, telemetry: { type: 'otlp', endpoint, headers: { authorization: 'Bearer collector' }, interval_seconds: 1 } }));
}
