import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { acceptsConnections, findPortHolder } from '../../adapters/local-stack/port-holder.ts';
import { readRunning, stopRecorded } from '../../adapters/local-stack/process-record.ts';
import { startServer } from '../../adapters/local-stack/server-process.ts';
import { temporalServer } from '../../adapters/local-stack/temporal-server.ts';
import { SEARCH_ATTRIBUTE_FLAGS } from '../../temporal/search-attributes.ts';
import { runCommand } from '../cli/command.ts';
import { createCustomerTables, type CustomerTables } from '../support/customers.ts';
import { createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { connectClient, startTestWorker, type TestWorker } from '../support/temporal.ts';
import { until } from '../support/worker-process.ts';

const BINARIES = join(process.env['ML_PIPELINE_TOOLS'] ?? join(import.meta.dirname, '..', '..', '.tools'), 'bin');
const EVERY_SECONDS = 4;
/** Two runs are due in it, whenever it begins. */
const OUTAGE_MS = 2 * EVERY_SECONDS * 1000;

async function stablePort(): Promise<number> {
  const port = randomInt(15_000, 30_000);
  return (await acceptsConnections(port)) ? stablePort() : port;
}

describe('a schedule over a time in which nobody was there', function () {
  this.timeout(180_000);
  let folder: string;
  let server: ReturnType<typeof temporalServer>;
  let port: number;
  let project: FixtureProject;
  let tables: CustomerTables;
  let worker: TestWorker;
  let client: Client;
  let close: () => Promise<void>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-schedule-'));
    port = await stablePort();
    server = temporalServer({ binaries: BINARIES, dataFolder: folder, logFile: join(folder, 'temporal.log'), recordFile: join(folder, 'temporal.json'), port, uiPort: await stablePort(), durable: true, searchAttributes: SEARCH_ATTRIBUTE_FLAGS });
    await startServer(server);
    project = await createFixtureProject({ temporalAddress: `127.0.0.1:${port}` });
    tables = await createCustomerTables(project);
    worker = await startTestWorker(project);
    ({ client, close } = await connectClient(project.config.temporal.address));
    const { code, stderr } = await runCommand(project.folder, 'schedule', 'create', 'often', '--cron', `@every ${EVERY_SECONDS}s`, '--views', 'scores');
    assert.equal(code, 0, stderr);
  });

  after(async () => {
    await close();
    await worker.stop();
    await tables.close();
    await project.remove();
    await stopRecorded(server.recordFile, 'SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  const scoreOf = async (customer: number): Promise<unknown> => (await tables.online('scores', customer))[0]?.[0];
  const insert = (customer: number): Promise<void> => tables.query(`INSERT INTO feature_mart.scores VALUES (${customer}, ${customer * 10}, now(), now(), false)`);
  const actions = async () => (await client.schedule.getHandle('often').describe()).info.recentActions;

  it('copies what comes between two runs', async () => {
    await insert(1);
    await until(async () => (await scoreOf(1)) === 10);
  });

  it('is made up for when Temporal is back: one run brings all that was missed', async () => {
    process.kill((await readRunning(server.recordFile))!.pid, 'SIGKILL');
    await until(async () => findPortHolder(port) === undefined && !(await acceptsConnections(port)));
    const away = Date.now();
    await insert(2);
    await sleep(OUTAGE_MS);
    const back = Date.now();
    await startServer(server);
    await until(async () => (await scoreOf(2)) === 20);
    const missed = (await actions()).filter(({ scheduledAt }) => scheduledAt.getTime() > away && scheduledAt.getTime() < back);
    assert.ok(missed.length >= 1, 'a run that was due in the outage');
    for (const { takenAt } of missed) assert.ok(takenAt.getTime() >= back, 'begun after it');
    const { stdout } = await runCommand(project.folder, 'schedule', 'describe', 'often', '--json');
    assert.equal((JSON.parse(stdout) as { missed: number }).missed, 0);
  });

  it('waits for a worker: one run and one more, however many were due', async () => {
    await worker.stop();
    const before = (await client.schedule.getHandle('often').describe()).info.numActionsTaken;
    await insert(3);
    await sleep(2 * OUTAGE_MS);
    const { info } = await client.schedule.getHandle('often').describe();
    assert.ok(info.numActionsTaken - before <= 1 && info.numActionsSkippedOverlap > 0, JSON.stringify(info));
    worker = await startTestWorker(project);
    await until(async () => (await scoreOf(3)) === 30);
  });

  it('never has two runs at once', async () => {
    const runs: (readonly [number, number])[] = [];
    for await (const { startTime, closeTime } of client.workflow.list({ query: "WorkflowType = 'materializeFeatures' AND TemporalScheduledById = 'often'" })) runs.push([startTime.getTime(), closeTime?.getTime() ?? Date.now()] as const);
    runs.sort(([a], [b]) => a - b);
    assert.ok(runs.length >= 3, `${runs.length} runs: one before, one of the outage and one after it at least`);
    runs.slice(1).forEach(([start], index) => assert.ok(start >= runs[index]![1], `run ${index + 2} began while run ${index + 1} was under way`));
  });
});
