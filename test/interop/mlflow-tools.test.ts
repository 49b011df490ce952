import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileTracker } from '../../adapters/mlflow/file-tracker.ts';
import { migrateFileStore } from '../../adapters/mlflow/migrate.ts';
import { startMlflowUi } from '../../adapters/mlflow/ui.ts';
import { PipelineError } from '../../domain/errors.ts';
import { START, modelRequest } from '../contracts/experiment-tracker.contract.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOOL = { toolsFolder: process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), installScript: join(ROOT, 'scripts', 'install_tools.sh') };
const quiet = (): void => undefined;

describe("MLflow's own tools on our store", function () {
  this.timeout(200_000);
  let work: string;
  let root: string;

  before(async function () {
    if (!existsSync(join(TOOL.toolsFolder, 'mlflow', 'bin', 'mlflow'))) {
      if (process.env['CI'] === 'true') throw new Error(`There is no MLflow in ${TOOL.toolsFolder}: run scripts/install_tools.sh mlflow`);
      return this.skip();
    }
    work = await mkdtemp(join(tmpdir(), 'mlflow-tools-'));
    root = join(work, 'mlruns');
    const tracker = createFileTracker({ root });
    const experimentId = await tracker.ensureExperiment('with a page');
    const { runId } = await tracker.ensureRun({ key: 'ui', experimentId, name: 'shown', startMillis: START, tags: {} });
    const { modelId } = await tracker.ensureLoggedModel(modelRequest({ runId, experimentId }));
    await tracker.ensureVersion({ name: 'shown model', modelId, runId, tags: {} });
  });
  after(async () => {
    if (work !== undefined) await rm(work, { recursive: true });
  });

  it('serve the web UI and the runs on loopback, and end with all their processes', async () => {
    const port = await freePort();
    const ui = await startMlflowUi({ ...TOOL, root, port, onStep: quiet });
    assert.match(ui.command, new RegExp(`^MLFLOW_ALLOW_FILE_STORE=true .*mlflow server --backend-store-uri file:///.*/mlruns .*--port ${port}`));
    try {
      assert.match(await (await fetch(ui.url)).text(), /<title>MLflow<\/title>/);
      const answer = await (await fetch(`${ui.url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=with%20a%20page`)).json() as { experiment: { name: string } };
      assert.equal(answer.experiment.name, 'with a page');
      await assert.rejects(startMlflowUi({ ...TOOL, root, port, onStep: quiet }), (error) => error instanceof PipelineError && error.code === 'INVALID_CONFIG' && error.message.includes('--port'));
    } finally {
      await ui.stop();
    }
    await ui.done;
    await assert.rejects(fetch(ui.url));
    assert.equal(await listens(port), true, 'the port is free again');
  });

  it('move the store into an SQLite file, once', async () => {
    const target = join(work, 'moved', 'mlflow.db');
    await migrateFileStore({ ...TOOL, root, target, onLine: quiet });
    assert.ok(existsSync(target));
    await assert.rejects(migrateFileStore({ ...TOOL, root, target, onLine: quiet }), (error) => error instanceof PipelineError && error.code === 'CONFLICT');
  });

  it('are not started where there is no store, nor without what the installation brings', async () => {
    await assert.rejects(startMlflowUi({ ...TOOL, root: join(work, 'nothing'), port: await freePort(), onStep: quiet }), (error) => error instanceof PipelineError && error.code === 'NOT_FOUND');
    const script = join(work, 'install.sh');
    await writeFile(script, 'echo "no network for $1 in $ML_PIPELINE_TOOLS" >&2; exit 3\n');
    await mkdir(join(work, 'tools'));
    const missing = startMlflowUi({ toolsFolder: join(work, 'tools'), installScript: script, root, port: await freePort(), onStep: quiet });
    await assert.rejects(missing, (error) => error instanceof PipelineError && error.code === 'UNAVAILABLE' && error.message.includes(`no network for mlflow in ${join(work, 'tools')}`));
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const { port } = server.address() as AddressInfo;
  await new Promise((settle) => server.close(settle));
  return port;
}

async function listens(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((settle) => {
    server.once('error', () => settle(false));
    server.listen(port, '127.0.0.1', () => server.close(() => settle(true)));
  });
}
