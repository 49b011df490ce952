import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { createFixtureProject, fixtureRecipe, type FixtureProject } from '../support/fixture-project.ts';
import { connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BINARIES = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'bin');
const run = promisify(execFile);

/** The first code block of the language on the page. */
async function snippet(language: string): Promise<string> {
  const page = await readFile(join(ROOT, 'docs', 'temporal.md'), 'utf8');
  const text = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(page)?.[1];
  assert.notEqual(text, undefined, `docs/temporal.md shows no ${language}`);
  return text!;
}

describe('docs/temporal.md', function () {
  this.timeout(60_000);
  let project: FixtureProject;
  let worker: TestWorker;

  before(async () => {
    project = await createFixtureProject();
    await project.writeRecipe('models/classification/random_forest_classifier', fixtureRecipe({ name: 'by_hand', model: 'by_hand', days: 10_000 }));
    worker = await startTestWorker(project);
  });

  after(async () => {
    await worker.stop();
    await project.remove();
  });

  const environment = (workflowId: string): NodeJS.ProcessEnv => ({
    ...process.env,
    PATH: `${BINARIES}:${process.env['PATH']}`,
    TEMPORAL_ADDRESS: project.config.temporal.address,
    TASK_QUEUE: project.config.temporal.task_queue,
    WORKFLOW_ID: workflowId,
  });

  it('shows shell commands that train a model', async () => {
    const workflowId = randomId('train-by-hand');
    const { stdout } = await run('sh', ['-euc', await snippet('sh')], { env: environment(workflowId) });
    assert.match(stdout, /COMPLETED/);
    assert.match(stdout, /models:\/by_hand\/1/);
    const { client, close } = await connectClient(project.config.temporal.address);
    assert.equal((await client.workflow.getHandle(workflowId).describe()).status.name, 'COMPLETED');
    await close();
  });

  it('shows a program that materializes features', async () => {
    await mkdir(join(ROOT, '.run'), { recursive: true });
    const folder = await mkdtemp(join(ROOT, '.run', 'snippet-')); // inside the project, where packages are found
    try {
      await writeFile(join(folder, 'start.mts'), await snippet('ts'));
      const { stdout } = await run(process.execPath, ['--import', 'tsx', join(folder, 'start.mts')], { cwd: ROOT, env: environment(randomId('materialize')) });
      const { views } = JSON.parse(stdout) as MaterializeFeaturesResult;
      assert.deepEqual(views.map(({ view }) => view), ['plane_stats', 'carrier_stats']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
