import assert from 'node:assert/strict';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createOtlp, type Otlp } from '../../../adapters/telemetry/otlp.ts';
import { traceActivities } from '../../../adapters/telemetry/traced-activities.ts';
import { traceStarts } from '../../../adapters/telemetry/traced-starts.ts';
import { currentScope } from '../../../adapters/telemetry/trace-context.ts';
import { memoryLog } from '../../api/harness.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../../support/otlp-receiver.ts';
import { testServers } from '../../support/servers.ts';
import { randomId, testWorkflowBundle } from '../../support/temporal.ts';

describe('The trace of a workflow', function () {
  this.timeout(30_000);
  let [receiver, otlp, connection, native]: [OtlpReceiver, Otlp, Connection, NativeConnection] = [] as never;
  before(async () => {
    receiver = await startOtlpReceiver();
    otlp = createOtlp({ endpoint: receiver.url, headers: {}, process: 'worker', version: '0', sampleRatio: 1, intervalMillis: 200, log: memoryLog().log });
    const address = (await testServers()).temporalAddress;
    await testWorkflowBundle(); // first: it sets the runtime up
    [connection, native] = [await Connection.connect({ address }), await NativeConnection.connect({ address })];
  });
  after(async () => {
    await otlp.close();
    await Promise.all([connection.close(), native.close(), receiver.close()]);
  });

  it('goes from its start to its activities, whose failure is marked and whose message is not sent', async () => {
    const taskQueue = randomId('traced');
    let within: string | undefined;
    const refuse = (): never => {
      within = currentScope()?.place?.traceId;
      throw ApplicationFailure.nonRetryable('row 7 has a value', 'INVALID_INPUT');
    };
    const activities = { hasSearchAttributes: () => false, planMaterialization: refuse };
    const worker = await Worker.create({ connection: native, taskQueue, workflowBundle: await testWorkflowBundle(), activities, interceptors: { activity: [traceActivities(otlp.spans)] } });
    const client = new Client({ connection, interceptors: { workflow: [traceStarts(otlp.spans)] } });
    const run = client.workflow.execute('materializeFeatures', { taskQueue, workflowId: randomId('traced'), args: [{ views: ['v'] }] });
    await worker.runUntil(assert.rejects(run, WorkflowFailedError));
    await receiver.until(() => receiver.spans.some(({ name }) => name === 'activity planMaterialization'));
    const start = receiver.spans.find(({ name }) => name === 'start materializeFeatures')!;
    const activity = receiver.spans.find(({ name }) => name === 'activity planMaterialization')!;
    assert.deepEqual([activity.traceId, activity.parentSpanId, activity.kind, activity.status.code], [start.traceId, start.spanId, 5, 2]);
    assert.equal(within, start.traceId, 'what an activity logs is part of the trace');
    assert.ok(activity.attributes.some(({ key, value }) => key === 'error.type' && value.stringValue === 'INVALID_INPUT'));
    assert.ok(!JSON.stringify(receiver.spans).includes('row 7'));
  });
});
