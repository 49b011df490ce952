import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { registerModel } from '../api/model-fixture.ts';
import { testServers } from '../support/servers.ts';
import { connectClient, randomId } from '../support/temporal.ts';
import { isAlive, until } from '../support/worker-process.ts';
import { makeProject, startCommand, startCommandWith, type StartedCommand } from './command.ts';

/** Does not end when it is asked to. */
const STUBBORN_MLFLOW = `#!${process.execPath}
process.on('SIGTERM', () => undefined);
const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
require('node:http').createServer((_, response) => response.end(String(process.pid))).listen(port, '127.0.0.1');
`;

/** The command is busy with its orderly stop after the first signal, and gone right after the second. */
async function endsAtTheSecond({ child, finished }: StartedCommand, first: NodeJS.Signals, second: NodeJS.Signals): Promise<void> {
  child.kill(first);
  await sleep(700);
  assert.deepEqual([child.exitCode, child.signalCode], [null, null], 'it ended at the first signal: nothing is proved');
  const asked = Date.now();
  child.kill(second);
  await finished;
  assert.equal(child.signalCode, second);
  assert.ok(Date.now() - asked < 3_000, `${Date.now() - asked} ms`); // the orderly stop takes longer than that
}

describe('A second signal ends at once', function () {
  this.timeout(60_000);

  it('a worker in the middle of a step', async () => {
    const { temporalAddress } = await testServers();
    const silent = createServer(); // in place of PostgreSQL: takes connections and never says a word
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const taskQueue = randomId('signals');
    const project = await makeProject({ temporalAddress, taskQueue, postgresUrl: `postgresql://a:b@127.0.0.1:${(silent.address() as AddressInfo).port}/none` });
    await cp(join(project.folder, 'recipes', 'models', 'regression', 'lightgbm_regressor.yaml'), join(project.folder, 'recipes', 'plain.yaml'));
    const { client, close } = await connectClient(temporalAddress);
    const handle = await client.workflow.start('trainModel', { workflowId: randomId('train'), taskQueue, args: [{ recipe: 'plain' }] });
    const worker = startCommand(project.folder, 'worker');
    try {
      await worker.said('worker started');
      await until(async () => ((await handle.describe()).raw.pendingActivities ?? []).some(({ activityType, lastStartedTime }) => activityType?.name === 'planTraining' && lastStartedTime !== null && lastStartedTime !== undefined));
      await endsAtTheSecond(worker, 'SIGTERM', 'SIGINT');
    } finally {
      worker.child.kill('SIGKILL');
      await handle.terminate();
      await close();
      silent.close();
      await project.remove();
    }
  });

  it('an API in the middle of a request', async () => {
    const { redisUrl } = await testServers();
    const project = await makeProject({ redisUrl });
    await registerModel(join(project.folder, 'mlruns'), {});
    const [port = 0] = await findFreePorts(1);
    const api = startCommand(project.folder, 'serve', '--port', String(port));
    try {
      await api.said('api listening');
      const request = connect(port, '127.0.0.1').on('error', () => undefined); // cut off when the API ends
      await new Promise((resolve) => request.write('POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{', resolve));
      await sleep(100);
      await endsAtTheSecond(api, 'SIGINT', 'SIGTERM');
      request.destroy();
    } finally {
      api.child.kill('SIGKILL');
      await project.remove();
    }
  });

  it('MLflow\'s web UI, with all its processes', async () => {
    const project = await makeProject();
    const [port = 0] = await findFreePorts(1);
    await mkdir(join(project.folder, 'mlruns', '0'), { recursive: true });
    await writeFile(join(project.folder, 'mlruns', '0', 'meta.yaml'), 'name: Default\n');
    await mkdir(join(project.folder, '.tools', 'mlflow', 'bin'), { recursive: true });
    await writeFile(join(project.folder, '.tools', 'mlflow', 'bin', 'mlflow'), STUBBORN_MLFLOW, { mode: 0o755 });
    const ui = startCommandWith({ ML_PIPELINE_TOOLS: join(project.folder, '.tools') }, project.folder, 'mlflow', 'ui', '--port', String(port));
    try {
      await ui.said(`MLflow's UI is at http://127.0.0.1:${port}`);
      const server = Number(await (await fetch(`http://127.0.0.1:${port}`)).text());
      await endsAtTheSecond(ui, 'SIGINT', 'SIGINT');
      await until(() => !isAlive(server));
    } finally {
      ui.child.kill('SIGKILL');
      await project.remove();
    }
  });
});
