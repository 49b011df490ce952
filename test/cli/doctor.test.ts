import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createStorageClient } from '../../adapters/gcs/client.ts';
import type { ProbeResult } from '../../ports/probe.ts';
import { cloudServers } from '../support/cloud-servers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testServers } from '../support/servers.ts';
import { makeProject, startCommandWith } from './command.ts';

const BOUND = ['warehouse', 'online store', 'feature registry', 'artifacts', 'tracking', 'Temporal'];

describe('ml-pipeline doctor', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let project: Awaited<ReturnType<typeof makeProject>>;
  before(async () => {
    database = await createTestDatabase();
    const { redisUrl, temporalAddress } = await testServers();
    project = await makeProject({ postgresUrl: database.url, redisUrl, temporalAddress });
  });
  after(() => Promise.all([database.drop(), project.remove()]));

  const doctor = async (environment: string): Promise<{ readonly code: number | null; readonly probes: ReadonlyMap<string, ProbeResult>; readonly text: string }> => {
    const { code, stdout, stderr } = await startCommandWith({ APP_ENV: environment }, project.folder, 'doctor', '--json').finished;
    const results = JSON.parse(stdout) as readonly ProbeResult[];
    return { code, probes: new Map(results.map((result) => [result.name, result])), text: stdout + stderr };
  };

  it('asks all that the settings bind, and says of each where it is and how long it took', async () => {
    const { probes, text } = await doctor('local');
    for (const name of BOUND) {
      const { ok, where = '', milliseconds, detail } = probes.get(name)!;
      assert.equal(ok, true, `${name}: ${detail}`);
      assert.ok(where.length > 4 && Number.isInteger(milliseconds), name);
    }
    assert.equal(probes.get('warehouse')?.where, `${new URL(database.url).host}${new URL(database.url).pathname}`);
    assert.match(probes.get('Temporal')?.detail ?? '', /^version \S+, search attributes registered$/);
    assert.ok(probes.has('tools') && probes.has('settings'), 'and how the servers of the local stack are set up');
    assert.ok(!text.includes(new URL(database.url).password));
  });

  it('names each variable that the settings need and has not, on a line of its own', async () => {
    await writeFile(join(project.folder, 'config', 'environments', 'bare.yaml'), 'project: ${NAME_OF_IT}\nwarehouse: { type: bigquery, project: "${PROJECT_OF_IT}" }\n');
    const { code, probes } = await doctor('bare');
    assert.equal(code, 1);
    const lines = (probes.get('bindings')?.cure ?? '').split('\n');
    for (const name of ['NAME_OF_IT', 'PROJECT_OF_IT']) assert.ok(lines.some((line) => line.endsWith(`needs the environment variable ${name}, which is not set. Set it, or add a line ${name}=... to .env.`)), name);
    assert.doesNotMatch(lines.join(''), /stack up/);
  });

  it('asks the services of the cloud in the same way, each failure with its cure, and nothing of the local stack', async () => {
    const { project: id, bigqueryUrl, bigqueryGrpc, gcsUrl } = await cloudServers();
    const suffix = randomBytes(5).toString('hex');
    const local = JSON.parse(await readFile(join(project.folder, 'config', 'environments', 'local.yaml'), 'utf8')) as Record<string, Record<string, unknown>>;
    const bucket = (name: string) => ({ name: `${name}-${suffix}` });
    const settings = {
      ...local,
      warehouse: { type: 'bigquery', project: id, maximum_bytes_billed: 10_485_760, datasets: { raw: `raw_${suffix}`, feature_mart: `mart_${suffix}`, spine: `spine_${suffix}` }, api_endpoint: bigqueryUrl, grpc_endpoint: `http://${bigqueryGrpc}` },
      registry: { type: 'feast_file', path: `gs://data-${suffix}/registry.db`, api_endpoint: gcsUrl },
      artifacts: { type: 'gcs', project: id, buckets: { data: bucket('data'), artifacts: bucket('artifacts'), logs: bucket('logs') }, api_endpoint: gcsUrl },
      tracking: { type: 'mlflow_server', uri: 'http://127.0.0.1:1' },
      online_store: { ...local['online_store'], password: 'wrong-one' },
    };
    await writeFile(join(project.folder, 'config', 'environments', 'cloud.yaml'), JSON.stringify(settings));
    const storage = createStorageClient({ project: id, apiEndpoint: gcsUrl });
    await storage.createBucket(`data-${suffix}`);
    try {
      const { code, probes, text } = await doctor('cloud');
      assert.equal(code, 1);
      assert.deepEqual([...BOUND, 'log archive'].map((name) => [name, probes.get(name)?.ok]), [...BOUND, 'log archive'].map((name) => [name, !['online store', 'tracking', 'log archive'].includes(name)]));
      assert.equal(probes.get('warehouse')?.detail, `answers; not there yet: raw_${suffix}, mart_${suffix}, spine_${suffix} (the first load or run makes them)`);
      assert.match(probes.get('log archive')?.detail ?? '', new RegExp(`There is no bucket logs-${suffix}\\. Create it with deploy/bootstrap\\.sh`));
      assert.deepEqual([probes.get('warehouse')?.where, probes.get('artifacts')?.where], [`BigQuery, ${id}, us-central1`, `gs://data-${suffix}`]);
      assert.match(probes.get('feature registry')?.detail ?? '', /no feature view is applied yet/);
      assert.match(probes.get('tracking')?.cure ?? '', /`tracking` in config\/environments\/cloud\.yaml/);
      assert.match(probes.get('online store')?.detail ?? '', /refuses the user name or password/);
      for (const name of ['PostgreSQL', 'Redis', 'tools', '.env', 'settings']) assert.equal(probes.has(name), false, name);
      assert.doesNotMatch(text, /wrong-one|MetadataLookupWarning/);
    } finally {
      await storage.bucket(`data-${suffix}`).delete();
    }
  });
});
