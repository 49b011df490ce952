import assert from 'node:assert/strict';
import { ServiceError, WorkflowFailedError, type Client } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure, RetryState } from '@temporalio/common';
import { materializationFailure } from '../../../adapters/temporal/materialization-failure.ts';
import { createMaterializationRunner, type MaterializationRunnerOptions } from '../../../adapters/temporal/materialization-runner.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { MaterializationRunner } from '../../../ports/materialization-runner.ts';
import { materializeWorkflowId } from '../../../temporal/workflow-ids.ts';
import { testServers } from '../../support/servers.ts';
import { connectClient, randomId } from '../../support/temporal.ts';

const END = '2026-11-02T00:00:00.000000Z';

describe('A materialization that is started for a request', function () {
  this.timeout(30_000);
  let client: Client;
  let close: () => Promise<void>;
  let address: string;
  const runners: MaterializationRunner[] = [];
  const open = (options: Partial<MaterializationRunnerOptions> = {}): MaterializationRunner => {
    const runner = createMaterializationRunner({ connection: { address }, namespace: 'default', taskQueue: randomId('nobody'), check: () => Promise.resolve(), ...options });
    runners.push(runner);
    return runner;
  };

  before(async () => {
    address = (await testServers()).temporalAddress;
    ({ client, close } = await connectClient(address));
  });
  after(async () => {
    await Promise.all(runners.map((runner) => runner.close()));
    await close();
  });

  it('runs under the id that the commands give it, and beside no other of the same views', async () => {
    const views = [randomId('view')];
    const runner = open();
    const { ended } = await runner.start({ views, end: END });
    const outcome = ended.catch((error: unknown) => error);
    await assert.rejects(runner.start({ views, end: END }), { code: 'CONFLICT' });
    const handle = client.workflow.getHandle(materializeWorkflowId(views));
    assert.equal((await handle.describe()).type, 'materializeFeatures');
    await handle.terminate('the test is over');
    assert.match(String(await outcome), /the test is over|terminated/i);
  });

  it('is not started when the check refuses it', async () => {
    const views = [randomId('view')];
    const runner = open({ check: ({ end }) => Promise.reject(new PipelineError('INVALID_INPUT', `refused ${end}`)) });
    await assert.rejects(runner.start({ views, end: END }), { code: 'INVALID_INPUT', message: `refused ${END}` });
    await assert.rejects(client.workflow.getHandle(materializeWorkflowId(views)).describe(), { name: 'WorkflowNotFoundError' });
  });

  it('is UNAVAILABLE where Temporal is away', async () => {
    await assert.rejects(open({ connection: { address: '127.0.0.1:1' } }).start({ views: ['v'], end: END }), { code: 'UNAVAILABLE', message: /^Temporal at 127\.0\.0\.1:1 could not start materialize-v/ });
  });

  const failed = (cause: Error): WorkflowFailedError => new WorkflowFailedError('Workflow execution failed', cause, RetryState.MAXIMUM_ATTEMPTS_REACHED);
  const activity = (cause: Error): ActivityFailure => new ActivityFailure('Activity task failed', 'materializeSlice', '1', RetryState.MAXIMUM_ATTEMPTS_REACHED, 'worker', cause);
  const failures: readonly (readonly [string, unknown, string, RegExp])[] = [
    ['Temporal stops answering', new ServiceError('Failed to get Workflow execution history', { cause: Object.assign(new Error('14 UNAVAILABLE: Connection dropped'), { code: 14 }) }), 'UNAVAILABLE', /^Temporal does not answer any more; w goes on/],
    ['the call takes too long', new ServiceError('late', { cause: Object.assign(new Error('4 DEADLINE_EXCEEDED'), { code: 4 }) }), 'UNAVAILABLE', /^Temporal does not answer/],
    ['a server stays away', failed(activity(ApplicationFailure.retryable('Redis at localhost:1 could not write.', 'UNAVAILABLE'))), 'UNAVAILABLE', /^Redis at/],
    ['a step refuses', failed(activity(ApplicationFailure.nonRetryable('The column temp is gone.', 'INVALID_DEFINITION'))), 'INVALID_DEFINITION', /temp is gone/],
    ['it is cancelled', failed(new CancelledFailure('Workflow execution cancelled')), 'INVALID_INPUT', /cancelled/],
  ];
  for (const [title, error, code, message] of failures) {
    it(`ends with the error that says why when ${title}`, () => {
      const said = materializationFailure(error, 'w');
      assert.ok(said instanceof PipelineError, String(said));
      assert.equal(said.code, code);
      assert.match(said.message, message);
    });
  }

  it('passes on what nobody foresaw', () => {
    const error = new TypeError('x is not a function');
    assert.equal(materializationFailure(error, 'w'), error);
  });
});
