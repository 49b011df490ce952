import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { processLog } from '../../cli/process-log.ts';

const screen = (isTTY: boolean): NodeJS.WriteStream => Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream;

describe('the log of a process that runs for long', () => {
  it('is one JSON object a line where no terminal is', () => {
    const stream = screen(false);
    const log = processLog('worker', '/nowhere', stream);
    log.info('worker started', { task_queue: 'q' });
    log.error('lost', { attempt: 2 });
    const lines = String(stream.read()).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(lines.map(({ time, ...rest }) => rest), [{ level: 'info', event: 'worker started', task_queue: 'q' }, { level: 'error', event: 'lost', attempt: 2 }]);
    assert.ok(lines.every(({ time }) => !Number.isNaN(Date.parse(String(time)))));
  });

  it('is readable in a terminal, and kept as JSON in the logs folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-log-'));
    const stream = screen(true);
    processLog('api', join(folder, 'logs'), stream).warn('slow', { seconds: 3 });
    assert.equal(String(stream.read()), 'warn  slow seconds=3\n');
    const read = (): Promise<string> => readFile(join(folder, 'logs', 'api.log'), 'utf8').catch(() => '');
    for (let tries = 0; (await read()) === '' && tries < 100; tries++) await sleep(10);
    assert.match(await read(), /^\{"time":"[^"]+","level":"warn","event":"slow","seconds":3\}\n$/);
    await rm(folder, { recursive: true });
  });
});
