import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApi } from '../../api/main.ts';
import { loadProject } from '../../config/load-config.ts';
import { makeProject } from '../cli/command.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testServers } from '../support/servers.ts';
import { memoryLog } from './harness.ts';
import { registerModel } from './model-fixture.ts';

const WRITES = ['/push', '/write-to-online-store', '/materialize', '/materialize-incremental'];

describe('The API as its configuration has it', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let project: Awaited<ReturnType<typeof makeProject>>;
  before(async () => {
    const { redisUrl, temporalAddress } = await testServers();
    database = await createTestDatabase();
    project = await makeProject({ postgresUrl: database.url, redisUrl, temporalAddress, taskQueue: 'nobody', project: 'start_test' });
    await registerModel(join(project.folder, 'mlruns'));
  });
  after(async () => {
    await project.remove();
    await database.drop();
  });

  async function answersWith(featureServer: 'all' | 'read' | 'off', path: string): Promise<{ readonly paths: readonly string[]; readonly status: number }> {
    const file = join(project.folder, 'config', 'environments', 'local.yaml');
    const settings = JSON.parse(await readFile(file, 'utf8')) as { readonly api: object };
    await writeFile(file, JSON.stringify({ ...settings, api: { ...settings.api, feature_server: featureServer } }));
    const api = await startApi(await loadProject(project.folder, {}), { model: 'models:/arrival@champion', port: 0, log: memoryLog().log });
    try {
      const { paths } = (await (await fetch(`${api.url}/openapi.json`)).json()) as { readonly paths: object };
      const { status } = await fetch(`${api.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
      return { paths: Object.keys(paths), status };
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
});
