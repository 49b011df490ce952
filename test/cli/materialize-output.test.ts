import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { createProgram } from '../../cli/program.ts';
import type { Services } from '../../cli/services.ts';

const START = '2026-11-01T00:00:00.000000Z';
const END = '2026-11-02T00:00:00.000000Z';
const WHOLE = 'whole: keys that were last renewed at 2026-10-01T00:00:00.000000Z may have expired';
const RESULT = {
  views: [
    { view: 'weather', written: 1234, skipped: 5, start: START, end: END, wholeBecause: WHOLE },
    { view: 'planes', written: 0, skipped: 7, start: START, since: '2026-11-01T12:00:00.000000Z', end: END },
  ],
};

/** Temporal with a worker that ends every workflow with the result at once. */
const CLIENT = {
  withAbortSignal: (_: AbortSignal, call: () => Promise<unknown>) => call(),
  withDeadline: (_: number, call: () => Promise<unknown>) => call(),
  workflow: {
    start: () => Promise.resolve({}),
    getHandle: () => ({ describe: () => Promise.reject(new Error('none')), query: () => Promise.resolve({ steps: [] }), result: () => Promise.resolve(RESULT) }),
  },
  workflowService: { describeTaskQueue: () => Promise.resolve({ pollers: [{}] }) },
} as unknown as Client;

const SERVICES = {
  settings: () => Promise.resolve({ temporal: { address: 'a:1', namespace: 'default', taskQueue: 'q', ui: 'http://ui' } }),
  withTemporal: (use: (client: Client) => Promise<unknown>) => use(CLIENT),
  checkMaterialization: () => Promise.resolve(),
} as unknown as Services;

describe('What ml-pipeline materialize prints', () => {
  const { write } = process.stdout;
  afterEach(() => {
    process.stdout.write = write;
    process.exitCode = 0;
  });

  async function printed(...args: readonly string[]): Promise<string> {
    let out = '';
    process.stdout.write = ((part: string) => ((out += part), true)) as typeof write;
    const words = ['materialize', '--incremental', ...args];
    await (await createProgram(SERVICES, '1', words)).parseAsync(words, { from: 'user' });
    process.stdout.write = write;
    assert.equal(process.exitCode, 0);
    return out;
  }

  it('is a line for each view, and why one was taken whole', async () => {
    assert.deepEqual((await printed()).split('\n'), [
      'view     written  kept  from                         to',
      `weather  1,234    5     ${START}  ${END}`,
      `planes   0        7     2026-11-01T12:00:00.000000Z  ${END}`,
      `weather was taken ${WHOLE}`,
      '',
    ]);
  });

  it('is the whole result with --json', async () => {
    assert.deepEqual(JSON.parse(await printed('--json')), RESULT);
  });
});
