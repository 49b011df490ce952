import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { startApi } from '../../api/main.ts';
import { loadProject } from '../../config/load-config.ts';
import { makeProject, runCommand, writeDefinitions } from '../cli/command.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testServers } from '../support/servers.ts';
import { connectClient, randomId } from '../support/temporal.ts';
import { memoryLog } from './harness.ts';
import { registerModel } from './model-fixture.ts';

const WRITES = ['/push', '/write-to-online-store', '/materialize', '/materialize-incremental'];

describe('The API as its configuration has it', function () {
  this.timeout(60_000);
  const taskQueue = randomId('start');
  let database: TestDatabase;
  let project: Awaited<ReturnType<typeof makeProject>>;
  before(async () => {
    const { redisUrl, temporalAddress } = await testServers();
    database = await createTestDatabase();
    project = await makeProject({ postgresUrl: database.url, redisUrl, temporalAddress, taskQueue, project: taskQueue.replaceAll('-', '_') });
    await registerModel(join(project.folder, 'mlruns'));
  });
  after(async () => {
    await project.remove();
    await database.drop();
  });

  async function answersWith(featureServer: 'all' | 'read' | 'off', path: string, body: object = {}): Promise<{ readonly paths: readonly string[]; readonly status: number; readonly text: string }> {
    const file = join(project.folder, 'config', 'environments', 'local.yaml');
    const settings = JSON.parse(await readFile(file, 'utf8')) as { readonly api: object };
    await writeFile(file, JSON.stringify({ ...settings, api: { ...settings.api, feature_server: featureServer } }));
    const api = await startApi(await loadProject(project.folder, {}), { model: 'models:/arrival@champion', port: 0, log: memoryLog().log });
    try {
      const { paths } = (await (await fetch(`${api.url}/openapi.json`)).json()) as { readonly paths: object };
      const answer = await fetch(`${api.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      return { paths: Object.keys(paths), status: answer.status, text: await answer.text() };
    } finally {
      await api.stop();
    }
  }

  it('has all routes of the feature server, those that read, or none', async () => {
    const all = await answersWith('all', '/materialize-incremental');
    assert.ok([...WRITES, '/get-online-features', '/predict'].every((path) => all.paths.includes(path)), all.paths.join());
    assert.equal(all.status, 422, 'the route is there, and misses its end');
    const read = await answersWith('read', '/push');
    assert.deepEqual([read.status, read.paths.includes('/get-online-features'), read.paths.some((path) => WRITES.includes(path))], [403, true, false]);
    const off = await answersWith('off', '/get-online-features');
    assert.deepEqual([off.status, off.paths.filter((path) => path !== '/predict')], [404, ['/health/live', '/health/ready', '/metrics']]);
  });

  it('refuses a window that is not over yet before it answers, and starts nothing, also where nobody waits', async () => {
    const sql = new pg.Client({ connectionString: database.url });
    await sql.connect();
    await sql.query('CREATE SCHEMA IF NOT EXISTS feature_mart; CREATE TABLE feature_mart.counters (customer_id bigint, n bigint, event_timestamp timestamptz, created_timestamp timestamptz)');
    await sql.end();
    await writeDefinitions(project.folder, { n: 'Int64' });
    const applied = await runCommand(project.folder, 'features', 'apply', '--force'); // the model here reads other views
    assert.equal(applied.code, 0, applied.stderr);
    for (const path of ['/materialize?async=true', '/materialize-incremental?async=true']) {
      const { status, text } = await answersWith('all', path, { start_ts: '2026-01-01', end_ts: '2999-01-01', feature_views: ['counters'] });
      assert.equal(status, 422, text);
      assert.match(text, /"loc":\["body","end_ts"\],"msg":"It is 2999-01-01T00:00:00\.000000Z, which is in the future/);
    }
    const { client, close } = await connectClient((await testServers()).temporalAddress);
    const started: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) started.push(workflowId);
    await close();
    assert.deepEqual(started, []);
  });
});
