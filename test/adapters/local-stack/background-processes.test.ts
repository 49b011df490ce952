import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backgroundProcesses } from '../../../adapters/local-stack/background-processes.ts';
import type { ProcessSettings } from '../../../adapters/local-stack/background-processes.ts';
import { findFreePorts } from '../../../adapters/local-stack/port-holder.ts';
import type { PipelineError } from '../../../domain/errors.ts';

/** In place of `ml-pipeline`: `serve` answers on its port, `worker` only runs, `mlflow ui` ends at once. */
const COMMAND = `
import { createServer } from 'node:http';
console.error(JSON.stringify({ event: process.argv[2] + ' started' }));
process.once('SIGTERM', () => process.exit(0));
if (process.argv[2] === 'serve') createServer((_, response) => response.end('live')).listen(Number(process.env.API_PORT), '127.0.0.1');
else if (process.argv[2] === 'worker') setInterval(() => {}, 1000);
else { console.error('no MLflow store here'); process.exit(1); }
`;

describe('background processes', function () {
  this.timeout(30_000);
  let settings: ProcessSettings;
  let answering: number[] = [];

  before(async () => {
    const projectFolder = await mkdtemp(join(tmpdir(), 'ml-pipeline-background-'));
    const commandFile = join(projectFolder, 'command.mjs');
    await writeFile(commandFile, COMMAND);
    const [api = 0, mlflow = 0] = await findFreePorts(2);
    settings = {
      projectFolder,
      commandFile,
      ports: { API_PORT: api, MLFLOW_PORT: mlflow },
      environment: { ...process.env, API_PORT: String(api) },
      workerAnswers: async (pid) => void (answering = [...answering, pid]),
    };
  });

  after(async () => {
    await backgroundProcesses(settings).down();
    await rm(settings.projectFolder, { recursive: true, force: true });
  });

  const states = async (): Promise<string[]> => (await backgroundProcesses(settings).status()).map(({ process, state }) => `${process} ${state}`);

  it('start once, are waited for, and outlive the call', async () => {
    const processes = backgroundProcesses(settings);
    assert.deepEqual(await processes.up(['api', 'worker']), ['worker', 'api']);
    assert.deepEqual(await processes.up(['worker', 'api']), []);
    assert.deepEqual(await states(), ['worker running', 'api running', 'mlflow stopped']);
    assert.equal(await (await fetch(`http://127.0.0.1:${settings.ports.API_PORT}/health/live`)).text(), 'live');
    const worker = (await processes.status())[0];
    assert.ok(answering.every((pid) => worker?.detail.startsWith(`process ${pid},`)));
  });

  it('keep what they say in a log each', async () => {
    assert.deepEqual(await backgroundProcesses(settings).logs({ processes: ['worker', 'mlflow'], lines: 5 }), [{ process: 'worker', text: '{"event":"worker started"}' }, { process: 'mlflow', text: '' }]);
  });

  it('that end at once are reported with the end of their log', async () => {
    await assert.rejects(backgroundProcesses(settings).up(['mlflow']), (error: PipelineError) => error.code === 'UNAVAILABLE' && /MLflow's web UI ended right after its start.*no MLflow store here/s.test(error.message));
    assert.deepEqual(await states(), ['worker running', 'api running', 'mlflow stopped']);
  });

  it('are not started on a port that something else holds, which is named', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(settings.ports.MLFLOW_PORT, '127.0.0.1', resolve));
    try {
      await assert.rejects(backgroundProcesses(settings).up(['mlflow']), new RegExp(`MLFLOW_PORT: port ${settings.ports.MLFLOW_PORT} .* process ${process.pid} `));
      assert.deepEqual((await states()).at(-1), 'mlflow held');
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it('are stopped by name or all together', async () => {
    const processes = backgroundProcesses(settings);
    assert.deepEqual(await processes.down(['worker']), ['worker']);
    assert.deepEqual(await states(), ['worker stopped', 'api running', 'mlflow stopped']);
    assert.deepEqual(await processes.down(), ['api']);
    assert.deepEqual(await processes.down(), []);
    await assert.rejects(processes.down(['workr' as 'worker']), /workr: is no part of the stack.*worker/);
  });
});
