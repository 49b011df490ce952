import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { AS_OF, createFixtureProject, fixtureRecipe } from '../test/support/fixture-project.ts';
import { testServerGroup } from '../test/support/servers.ts';
import { connectClient, randomId, startTestWorker } from '../test/support/temporal.ts';

/**
 * Records the histories that test/replay holds the workflow code against, on the test servers: `node --import tsx scripts/record-histories.ts [beginning of a name]`. Run it when a workflow was
 * changed behind `patched()`, and keep the old files for as long as runs of that age may be open: give new ones new names.
 */
const HISTORIES = join(import.meta.dirname, '..', 'test', 'replay', 'histories');
const LATER = '2013-11-15T22:00:00.000000Z';
/** Histories name the files of the run. */
const PARENT = join(tmpdir(), 'ml-pipeline-histories');

mkdirSync(PARENT, { recursive: true });
mkdirSync(HISTORIES, { recursive: true });
const project = await createFixtureProject({ parent: PARENT });
const worker = await startTestWorker(project);
const { client, close } = await connectClient(project.config.temporal.address);
const taskQueue = project.config.temporal.task_queue;

const start = (type: string, input: object): Promise<WorkflowHandleWithFirstExecutionRunId> => client.workflow.start(type, { workflowId: randomId(type), taskQueue, args: [input] });

async function record(name: string, type: string, input: object, meanwhile: (handle: WorkflowHandle) => Promise<void> = () => Promise.resolve()): Promise<void> {
  if (!name.startsWith(process.argv[2] ?? '')) return;
  const handle = await start(type, input);
  await meanwhile(handle);
  const outcome = await handle.result().then(() => 'completed', (error: unknown) => String((error as Error).cause));
  const { runId } = await handle.describe();
  await writeHistory(name, client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId));
  if (runId !== handle.firstExecutionRunId) await writeHistory(`${name}-last-run`, client.workflow.getHandle(handle.workflowId, runId));
  process.stdout.write(`${name}: ${outcome}\n`);
}

async function writeHistory(name: string, handle: WorkflowHandle): Promise<void> {
  writeFileSync(join(HISTORIES, `${name}.json`), `${JSON.stringify(JSON.parse(historyToJSON(await handle.fetchHistory())), withoutHost, 1)}\n`);
}

/** Who worked on it, and where the code lay, is no part of what is replayed. */
function withoutHost(key: string, value: unknown): unknown {
  if (key === 'identity' || key === 'workerControlTaskQueue') return 'recorded';
  if (key === 'name' && typeof value === 'string' && /^\d+@/.test(value)) return 'recorded-sticky';
  return key === 'stackTrace' ? '' : value;
}

/** Waits until the activity's current attempt is under way. */
async function untilAtWork(handle: WorkflowHandle, activity: string): Promise<void> {
  const atWork = async (): Promise<boolean> => ((await handle.describe()).raw.pendingActivities ?? []).some(({ activityType, lastStartedTime }) => activityType?.name === activity && Boolean(lastStartedTime));
  while (!(await atWork())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Ends this process's training child, as running out of memory would. */
async function killTrainer(): Promise<void> {
  for (;;) {
    const child = readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && isTrainer(pid));
    if (child !== undefined) return void process.kill(Number(child), 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isTrainer(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(`) S ${process.pid} `) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('child-main');
  } catch {
    return false; // it ended meanwhile
  }
}

try {
  const long = { model: { class_path: 'LGBMClassifier', hyperparameters: { n_estimators: 1500, num_leaves: 8, random_state: 1 } } };
  await project.writeRecipe('forest', fixtureRecipe());
  await project.writeRecipe('long', fixtureRecipe({ name: 'long', model: 'long', sections: long }));
  await project.writeRecipe('no_target', fixtureRecipe({ name: 'no_target', sections: { data_interface: { task_type: 'classification', target_column: 'arrived_lat' } } }));
  await record('train-model-completed', 'trainModel', { recipe: 'forest', as_of: AS_OF });
  await record('train-model-not-promoted', 'trainModel', { recipe: 'forest', as_of: AS_OF, promote: false });
  await record('train-model-refused-input', 'trainModel', { as_of: 'yesterday' });
  await record('train-model-failed', 'trainModel', { recipe: 'no_target', as_of: AS_OF });
  await record('train-model-retried', 'trainModel', { recipe: 'long', as_of: AS_OF }, killTrainer);
  await record('train-model-cancelled', 'trainModel', { recipe: 'long', as_of: AS_OF }, async (handle) => {
    await untilAtWork(handle, 'train');
    await handle.cancel();
  });
  await record('materialize-features-completed', 'materializeFeatures', { end: AS_OF });
  await record('materialize-features-incremental', 'materializeFeatures', { incremental: true, end: LATER });
  await record('materialize-features-one-run-per-view', 'materializeFeatures', { end: AS_OF });
  await record('backfill-features-completed', 'backfillFeatures', { views: ['plane_stats', 'weather'], start: '2013-11-12T00:00:00Z', end: AS_OF });
  await record('backfill-features-continued', 'backfillFeatures', { views: ['weather'], start: '2013-11-01T00:00:00Z', end: AS_OF, window_hours: 6, parallel: 8 });
  await record('backfill-features-refused-input', 'backfillFeatures', { window_hours: 0 });
  await record('materialize-features-failed', 'materializeFeatures', { views: ['wether'], end: AS_OF });
} finally {
  await worker.stop();
  await close();
  await project.remove();
  await rm(PARENT, { recursive: true, force: true });
  await testServerGroup.stopOwn();
}
