import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
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
    const file = join(project.folder, 'config', 'environments', 'local.yaml');
    const settings = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...settings, logs: { folder: './logs', format: 'cloud_logging', project: 'my-project' }, telemetry: { type: 'otlp', endpoint: receiver.url, headers: { authorization: 'Bearer collector' }, interval_seconds: 1 } }));
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
