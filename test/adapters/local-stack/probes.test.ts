import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePorts } from '../../../adapters/local-stack/port-holder.ts';
import { probes } from '../../../adapters/local-stack/probes.ts';
import type { ProbeResult } from '../../../ports/probe.ts';
import { createTestDatabase } from '../../support/database.ts';
import { testServers } from '../../support/servers.ts';

describe("doctor's probes", () => {
  let folder: string;
  const passwords = 'POSTGRES_SUPERUSER_PASSWORD=a\nPOSTGRES_PASSWORD=b\nREDIS_PASSWORD=';
  const run = async (environment: NodeJS.ProcessEnv = {}, stack = true): Promise<Map<string, ProbeResult>> => {
    const results = await probes({ projectFolder: folder, packageFolder: process.cwd(), environment: { ML_PIPELINE_TOOLS: join(folder, '.tools'), ...environment } }, { stack });
    return new Map(results.map((result) => [result.name, result]));
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-doctor-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('name what an empty folder lacks, each failure with its cure', async () => {
    const results = await run();
    for (const name of ['tools', "LightGBM's library", '.env', 'settings']) assert.equal(results.get(name)?.ok, false, name);
    assert.deepEqual(results.get('.env'), { name: '.env', ok: false, detail: 'the file is missing', cure: 'Run: ml-pipeline stack up (it makes the file, with random passwords)' });
    assert.match(results.get('settings')?.cure ?? '', /^Run: ml-pipeline stack up /);
    assert.ok([...results.values()].every(({ ok, cure }) => ok || (cure ?? '').length > 10));
    assert.ok(['Node', 'C library', 'disk', './mlruns'].every((name) => results.get(name)?.ok));
  });

  it('ask for nothing of the local stack where the environment is not over it', async () => {
    const results = await run({}, false);
    for (const name of ['tools', '.env', 'settings', 'PostgreSQL', 'Redis']) assert.equal(results.has(name), false, name);
    assert.equal(results.get('Node')?.ok, true);
  });

  it('say that nothing listens, and how to start it', async () => {
    const names = ['POSTGRES_PORT', 'REDIS_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'API_PORT', 'MLFLOW_PORT'];
    const ports = await findFreePorts(names.length);
    await writeFile(join(folder, '.env'), `${passwords}c\n${names.map((name, index) => `${name}=${ports[index]}`).join('\n')}\n`, { mode: 0o600 });
    const results = await run();
    for (const name of ['PostgreSQL', 'Redis', "Temporal's web UI"]) {
      assert.match(results.get(name)?.detail ?? '', /nothing (listens|answers)/, name);
      assert.match(results.get(name)?.cure ?? '', /ml-pipeline stack up/, name);
    }
    assert.match(results.get("the API's port")?.detail ?? '', /free/);
  });

  it('say for the sample data what comes first: the server, then the load', async () => {
    await mkdir(join(folder, 'recipes', 'sql'), { recursive: true });
    await writeFile(join(folder, 'recipes', 'sql', 'flights_spine.sql.j2'), 'SELECT 1');
    const [free] = await findFreePorts(1);
    for (const [port, cure] of [[String(free), 'Run: ml-pipeline stack up, then: ml-pipeline data load'], [new URL((await testServers()).postgresUrl).port, 'Run: ml-pipeline data load']]) {
      await writeFile(join(folder, '.env'), `${passwords}c\nPOSTGRES_PORT=${port}\n`, { mode: 0o600 });
      assert.equal((await run()).get('sample data')?.cure, cure);
    }
  });

  it('look into servers that answer: a wrong password, persistence that is off, a port held by another program', async () => {
    const servers = await testServers();
    const redis = new URL(servers.redisUrl);
    await writeFile(join(folder, '.env'), `${passwords}${redis.password}\nPOSTGRES_PORT=${new URL(servers.postgresUrl).port}\nREDIS_PORT=${redis.port}\nTEMPORAL_UI_PORT=${new URL(servers.temporalUiUrl).port}\n`);
    await chmod(join(folder, '.env'), 0o644);
    const [free] = await findFreePorts(1);
    const results = await run({ API_PORT: String(free) });
    assert.match(results.get('.env')?.detail ?? '', /others can read it \(mode 644\)/);
    assert.equal(results.get('.env')?.cure, `Run: chmod 600 ${join(folder, '.env')}`);
    assert.match(results.get('PostgreSQL')?.detail ?? '', /password authentication failed|does not exist/);
    assert.match(results.get('Redis')?.detail ?? '', /appendonly is no/);
    assert.equal(results.get("Temporal's web UI")?.ok, true);
    const held = await run({ API_PORT: redis.port, REDIS_PORT: String(free) });
    assert.match(held.get("the API's port")?.detail ?? '', /in use by process \d+ \(.*redis-server/);
  });

  it('never show a password', async () => {
    const database = await createTestDatabase();
    const secret = 'a-secret-of-the-test';
    await writeFile(join(folder, '.env'), `POSTGRES_SUPERUSER_PASSWORD=${secret}\nPOSTGRES_PASSWORD=${secret}\nREDIS_PASSWORD=${secret}\nPOSTGRES_PORT=${new URL(database.url).port}\nREDIS_PORT=${new URL((await testServers()).redisUrl).port}\n`, { mode: 0o600 });
    assert.ok(!JSON.stringify([...(await run()).values()]).includes(secret));
    await database.drop();
  });
});
