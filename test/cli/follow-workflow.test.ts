import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure, ChildWorkflowFailure, RetryState } from '@temporalio/common';
import { followWorkflow } from '../../cli/follow-workflow.ts';
import type { Output } from '../../cli/output.ts';
import type { PipelineError } from '../../domain/errors.ts';
import type { Progress, StepProgress } from '../../temporal/progress.ts';

const step = (name: string, status: StepProgress['status'], more: Partial<StepProgress> = {}): StepProgress => ({ name, status, ...more });
const done = (name: string, detail?: string): StepProgress => step(name, 'done', { startedMillis: 1000, endedMillis: 2500, ...(detail === undefined ? {} : { detail }) });

/** A workflow that answers these one after the other (the last again and again), and ends with `result`. */
function clientOf(answers: readonly (Progress | 'nobody answers')[], result: () => Promise<unknown>): Client {
  let asked = 0;
  const query = (): Promise<Progress> => {
    const answer = answers[Math.min(asked++, answers.length - 1)];
    return answer === 'nobody answers' || answer === undefined ? new Promise<never>(() => undefined) : Promise.resolve(answer);
  };
  const withAbortSignal = (signal: AbortSignal, call: () => Promise<unknown>): Promise<unknown> =>
    Promise.race([call(), new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))]);
  return { withAbortSignal, withDeadline: (_: number, call: () => Promise<unknown>) => call(), workflow: { getHandle: () => ({ query, result }) } } as unknown as Client;
}

function memoryOutput(interactive = false): Output & { readonly lines: string[]; readonly results: unknown[]; readonly blocks: (readonly string[])[] } {
  const [lines, results, blocks]: [string[], unknown[], (readonly string[])[]] = [[], [], []];
  return { json: false, interactive, lines, results, blocks, result: (value) => void results.push(value), note: (line) => void lines.push(line), redraw: (block) => void blocks.push(block), settle: () => undefined };
}

const after = <T>(millis: number, value: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), millis));
const failure = (cause: Error) => new WorkflowFailedError('Workflow execution failed', cause, RetryState.NON_RETRYABLE_FAILURE);
const activity = (cause: Error) => new ActivityFailure('Activity task failed', 'train', '1', RetryState.MAXIMUM_ATTEMPTS_REACHED, 'worker', cause);

describe('A workflow that is followed', () => {
  it('says each step once, when it has ended, where nobody watches a terminal', async () => {
    const output = memoryOutput();
    const looks: Progress[] = [
      { steps: [step('load spine', 'running', { startedMillis: 1000 }), step('train', 'waiting')] },
      { steps: [done('load spine', '12 rows'), step('train', 'running', { startedMillis: 2500 })] },
      { steps: [done('load spine', '12 rows'), done('train')] },
    ];
    const followed = await followWorkflow(clientOf(looks, () => after(700, { runId: 'r' })), 'w', output, false);
    assert.deepEqual(followed, { result: { runId: 'r' } });
    assert.deepEqual(output.lines, ['  ✓ load spine            1.5 s  12 rows', '  ✓ train                 1.5 s']);
  });

  it('shows a bar and every step in a terminal', async () => {
    const output = memoryOutput(true);
    await followWorkflow(clientOf([{ steps: [done('load spine'), step('train', 'waiting')] }], () => after(50, {})), 'w', output, false);
    assert.deepEqual(output.blocks.at(-1), ['[████████████░░░░░░░░░░░░] 1 of 2', '  ✓ load spine            1.5 s', '  · train']);
    assert.deepEqual(output.lines, []);
  });

  for (const [name, workerHere, state] of [['goes on elsewhere', false, /w goes on\./], ['waits when this process ran its worker', true, /w waits for a worker.*ml-pipeline worker/]] as const) {
    it(`is left at once by Ctrl-C with exit code 130, though nobody answers questions, and ${name}`, async () => {
      const output = memoryOutput();
      const listeners = process.listenerCount('SIGINT');
      const following = followWorkflow(clientOf(['nobody answers'], () => new Promise(() => undefined)), 'w', output, workerHere);
      process.emit('SIGINT');
      assert.deepEqual(await following, { exitCode: 130 });
      assert.match(output.lines[0]!, state);
      assert.match(output.lines[0]!, /ml-pipeline attach w\n.*ml-pipeline cancel w/);
      assert.deepEqual(output.results, [{ workflow_id: 'w', detached: true }]);
      assert.equal(process.listenerCount('SIGINT'), listeners);
    });
  }

  const failures: readonly (readonly [string, Error, number, RegExp, string | null])[] = [
    ['refused its input', ApplicationFailure.nonRetryable('The recipe has problems.', 'INVALID_RECIPE', [{ path: 'model' }]), 2, /w failed \(INVALID_RECIPE\): The recipe has problems\./, 'INVALID_RECIPE'],
    ['lost a server', activity(ApplicationFailure.retryable('Redis does not answer.', 'UNAVAILABLE')), 3, /w failed \(UNAVAILABLE\): Redis/, 'UNAVAILABLE'],
    ['failed in a child', new ChildWorkflowFailure('default', { workflowId: 'c' }, 'tune', RetryState.NON_RETRYABLE_FAILURE, activity(ApplicationFailure.nonRetryable('Labels are constant.', 'TRAINING_FAILED'))), 1, /TRAINING_FAILED.*Labels/, 'TRAINING_FAILED'],
    ['was cancelled', new CancelledFailure('cancelled'), 130, /w failed: It was cancelled\./, null],
  ];
  for (const [name, cause, exitCode, message, code] of failures) {
    it(`tells the cause that can be acted on when it ${name}`, async () => {
      const output = memoryOutput();
      assert.deepEqual(await followWorkflow(clientOf([{ steps: [] }], () => Promise.reject(failure(cause))), 'w', output, false), { exitCode });
      assert.match(output.lines.join('\n'), message);
      assert.equal((output.results[0] as { error: { code: string | null } }).error.code, code);
    });
  }

  it('is not lost when Temporal is: how to come back is said', async () => {
    const gone = Object.assign(new Error('14 UNAVAILABLE'), { code: 14 });
    const following = followWorkflow(clientOf([{ steps: [] }], () => Promise.reject(gone)), 'w', memoryOutput(), false);
    await assert.rejects(following, (error: PipelineError) => error.code === 'UNAVAILABLE' && /ml-pipeline attach w/.test(error.message));
  });
});
