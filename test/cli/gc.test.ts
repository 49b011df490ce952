import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testServers } from '../support/servers.ts';
import { connectClient, randomId } from '../support/temporal.ts';
import { makeProject, runCommand } from './command.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CLOSED = '00000000-0000-4000-8000-000000000001';
const RECENT = '00000000-0000-4000-8000-000000000002';

interface Answer {
  readonly garbage?: readonly { readonly kind: string; readonly name: string; readonly bytes: number }[];
  readonly removed?: readonly { readonly kind: string; readonly name: string; readonly bytes: number }[];
  readonly kept: { readonly running: number; readonly recent: number };
}

describe('ml-pipeline gc', function () {
  this.timeout(90_000);
  let database: TestDatabase;
  let sql: pg.Client;
  let client: Client;
  let close: () => Promise<void>;
  let project: Awaited<ReturnType<typeof makeProject>>;
  let running: WorkflowHandleWithFirstExecutionRunId;
  let repeated: WorkflowHandleWithFirstExecutionRunId;

  before(async () => {
    const servers = await testServers();
    database = await createTestDatabase();
    sql = new pg.Client({ connectionString: database.url });
    await sql.connect();
    await sql.query('CREATE SCHEMA spine_data');
    ({ client, close } = await connectClient(servers.temporalAddress));
    const taskQueue = randomId('gc'); // nobody serves it: its workflows run until they are ended
    project = await makeProject({ postgresUrl: database.url, temporalAddress: servers.temporalAddress, taskQueue });
    running = await client.workflow.start('trainModel', { workflowId: randomId('train'), taskQueue, args: [{}] });
    // Ends by its timeout every second, and is started again under another run id: what it keeps is named by the first.
    repeated = await client.workflow.start('trainModel', { workflowId: randomId('train'), taskQueue, args: [{}], cronSchedule: '@every 1s', workflowRunTimeout: '1s' });
    while ((await client.workflow.getHandle(repeated.workflowId).describe()).runId === repeated.firstExecutionRunId) await sleep(100);
  });

  after(async () => {
    await Promise.all([running.terminate(), client.workflow.getHandle(repeated.workflowId).terminate()]);
    await close();
    await sql.end();
    await project.remove();
    await database.drop();
  });

  const folderOf = async (parent: string, name: string, ageMillis: number): Promise<void> => {
    const folder = join(project.folder, 'data', parent, name);
    await mkdir(join(folder, 'model'), { recursive: true });
    await writeFile(join(folder, 'model', 'matrix.npy'), 'x'.repeat(1000));
    const changed = new Date(Date.now() - ageMillis);
    for (const path of [join(folder, 'model', 'matrix.npy'), join(folder, 'model'), folder]) await utimes(path, changed, changed);
  };
  const spine = async (key: string, expires: string): Promise<string> => {
    const name = `spine_flights_${key.replaceAll('-', '')}`;
    await sql.query(`CREATE TABLE IF NOT EXISTS spine_data.${name} AS SELECT 1 AS row_number`);
    await sql.query(`COMMENT ON TABLE spine_data.${name} IS '{"expires_at":"${expires}","columns":1}'`);
    return `spine_data.${name}`;
  };
  const runs = (): Promise<string[]> => readdir(join(project.folder, 'data', 'runs')).then((names) => names.sort());
  const spines = async (): Promise<string[]> => (await sql.query<{ name: string }>("SELECT 'spine_data.' || tablename AS name FROM pg_tables WHERE schemaname = 'spine_data' ORDER BY 1")).rows.map(({ name }) => name);
  const gc = async (...args: readonly string[]): Promise<Answer> => {
    const { code, stdout, stderr } = await runCommand(project.folder, 'gc', ...args, '--json');
    assert.deepEqual([code, stderr], [0, ''], stdout);
    return JSON.parse(stdout) as Answer;
  };
  /** Something of each kind to remove, and something of each kind to keep. */
  const fill = async (): Promise<{ readonly expired: string; readonly all: readonly string[] }> => {
    for (const key of [running.firstExecutionRunId, repeated.firstExecutionRunId, CLOSED]) await folderOf('runs', key, 30 * DAY_MS);
    await folderOf('runs', RECENT, 3 * DAY_MS);
    await folderOf('.tmp', 'train-killed', 50 * HOUR_MS);
    await folderOf('.tmp', 'train-under-way', 40 * HOUR_MS);
    const expired = await spine(CLOSED, '2020-01-01T00:00:00.000000Z');
    return { expired, all: [expired, await spine(running.firstExecutionRunId, '2020-01-01T00:00:00.000000Z'), await spine(RECENT, '2999-01-01T00:00:00.000000Z')].sort() };
  };

  it('says what it would remove, with sizes, and removes nothing, when it is only asked', async () => {
    const { expired, all } = await fill();
    const before = await runs();
    const { garbage = [], kept } = await gc('--dry-run');
    assert.deepEqual(garbage.map(({ kind, name }) => [kind, name]), [['run', CLOSED], ['temporary', 'train-killed'], ['spine', expired]]);
    assert.deepEqual(garbage.slice(0, 2).map(({ bytes }) => bytes), [1000, 1000]);
    assert.ok((garbage[2]?.bytes ?? 0) >= 8192);
    assert.deepEqual(kept, { running: 3, recent: 1 });
    assert.deepEqual([await runs(), await spines()], [before, all]);
    assert.match((await runCommand(project.folder, 'gc', '--dry-run')).stdout, new RegExp(`^what +name +size +unused since\nrun +${CLOSED} +0\\.0 MB +\\d{4}-.*\nTo remove: 3, 0\\.0 MB\\. Kept: 3 of running workflows, 1 too recent\\.\n$`, 's'));
  });

  it('removes what is old, expired or left by killed attempts, and nothing of a workflow that runs', async () => {
    const { expired, all } = await fill();
    const { removed = [] } = await gc();
    assert.equal(removed.length, 3);
    assert.deepEqual(await runs(), [running.firstExecutionRunId, repeated.firstExecutionRunId, RECENT].sort());
    assert.deepEqual(await spines(), all.filter((name) => name !== expired));
    assert.deepEqual(await readdir(join(project.folder, 'data', '.tmp')), ['train-under-way']);
    assert.deepEqual((await gc()).removed, []);
  });

  it('takes another age, of an hour at least', async () => {
    await fill();
    assert.ok((await gc('--dry-run', '--older-than', '2d')).garbage?.some(({ name }) => name === RECENT));
    assert.deepEqual((await gc('--dry-run', '--older-than', '800h')).garbage?.filter(({ kind }) => kind === 'run'), []);
    for (const age of ['0d', '7', 'week']) {
      const { code, stderr } = await runCommand(project.folder, 'gc', '--older-than', age);
      assert.deepEqual([code, /is not an age such as 7d or 12h/.test(stderr)], [2, true], stderr);
    }
  });

  it('removes nothing where Temporal does not answer: who runs cannot be known', async () => {
    const away = await makeProject({ postgresUrl: database.url });
    await mkdir(join(away.folder, 'data', 'runs', CLOSED), { recursive: true });
    await utimes(join(away.folder, 'data', 'runs', CLOSED), 0, 0);
    const { code, stderr } = await runCommand(away.folder, 'gc');
    assert.equal(code, 3, stderr);
    assert.match(stderr, /Temporal does not answer/);
    assert.ok(existsSync(join(away.folder, 'data', 'runs', CLOSED)));
    await away.remove();
  });
});
