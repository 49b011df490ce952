import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { openApiHarness, type ApiHarness } from '../api/harness.ts';
import { WEATHER } from '../api/model-fixture.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testServers, type TestServers } from '../support/servers.ts';
import { makeProject, runCommand, startCommand, writeDefinitions, type Finished } from './command.ts';

const TABLE = 'CREATE SCHEMA feature_mart; CREATE TABLE feature_mart.counters (customer_id bigint, n bigint, share double precision, event_timestamp timestamptz, created_timestamp timestamptz)';

describe('ml-pipeline on real servers', function () {
  this.timeout(90_000);
  let servers: TestServers;
  let database: TestDatabase;
  let api: ApiHarness;
  let project: Awaited<ReturnType<typeof makeProject>>;
  const name = `cli_${randomBytes(6).toString('hex')}`;
  before(async () => {
    servers = await testServers();
    database = await createTestDatabase();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(TABLE);
    await client.end();
    api = await openApiHarness();
    await api.write(WEATHER, { key: ['JFK'], values: [41.5, 'rain'], event: api.now - 120_000_000 });
    project = await makeProject({ postgresUrl: database.url, redisUrl: servers.redisUrl, temporalAddress: servers.temporalAddress, taskQueue: name, project: name, apiPort: Number(new URL(api.url).port) });
    await writeDefinitions(project.folder, { n: 'Int64' });
  });
  after(async () => {
    await api.close();
    await project.remove();
    await database.drop();
  });
  const run = (...args: readonly string[]): Promise<Finished> => runCommand(project.folder, ...args);
  const json = async <T>(...args: readonly string[]): Promise<T> => {
    const { code, stdout, stderr } = await run(...args, '--json');
    assert.deepEqual([code, stderr], [0, '']);
    return JSON.parse(stdout) as T;
  };

  it('applies definitions: a dry run changes nothing, a second time changes nothing, list and describe show them', async () => {
    type Plan = { applied: boolean; unchanged: number; changes: { action: string; kind: string; name: string }[] };
    const planned = await json<Plan>('features', 'apply', '--dry-run');
    assert.equal(planned.applied, false);
    assert.deepEqual(planned.changes.map(({ action, kind }) => `${action} ${kind}`).sort(), ['add data source', 'add entity', 'add feature service', 'add feature view']);
    assert.deepEqual((await json<{ feature_views: unknown[] }>('features', 'list')).feature_views, []);
    assert.deepEqual((await json<Plan>('features', 'apply')).changes, planned.changes);
    assert.deepEqual(await json<Plan>('features', 'apply'), { changes: [], unchanged: 4, kept: [], applied: true, online: [], breaks: [] });
    const list = await run('features', 'list');
    assert.equal((await run('features', 'validate')).stdout, '1 entity, 1 feature view and 1 feature service fit their tables.\n');
    assert.match(list.stdout, /^feature view +entities +features +ttl +source +push source +online +materialized to\ncounters +customer +1 +1 d +counters +empty +never\n\nfeature service +feature views\ncounting_v1 +counters\n\ndata source +kind +table +description\ncounters +table +feature_mart\.counters\n$/);
    assert.match((await run('features', 'describe', 'counters')).stdout, /^counters: Counted\.\n +entities +customer\n +source +counters: feature_mart\.counters \(event event_timestamp, created created_timestamp\)/);
    const unknown = await run('features', 'describe', 'counter');
    assert.deepEqual([unknown.code, /Did you mean "counters"\?/.test(unknown.stderr)], [2, true]);
  });

  it('validates definitions against the tables: every column that is absent or of another type', async () => {
    await writeDefinitions(project.folder, { n: 'String', shares: 'Float64' });
    const { code, stderr } = await run('features', 'validate');
    assert.equal(code, 2);
    assert.match(stderr, /do not fit their tables; nothing was changed/);
    assert.match(stderr, /\bn\b.*(bigint|int8)/);
    assert.match(stderr, /shares/);
    const refused = await run('features', 'apply');
    assert.equal(refused.code, 2);
    await writeDefinitions(project.folder, { n: 'Int64', share: 'Float64' });
    assert.deepEqual(await json('features', 'validate'), { valid: true, entities: 1, feature_views: 1, feature_services: 1 });
  });

  it('says which command makes what is missing: tables, and the registry', async () => {
    const bare = await createTestDatabase();
    const own = await makeProject({ postgresUrl: bare.url, redisUrl: servers.redisUrl, temporalAddress: servers.temporalAddress, taskQueue: `${name}-bare`, project: `${name}_bare` });
    await writeDefinitions(own.folder, { n: 'Int64' });
    const validated = await runCommand(own.folder, 'features', 'validate');
    assert.deepEqual([validated.code, /There is no table feature_mart\.counters/.test(validated.stderr), /`ml-pipeline data load`/.test(validated.stderr)], [2, true, true], validated.stderr);
    const materialized = await runCommand(own.folder, 'materialize', '--views', `v_${name}`);
    assert.deepEqual([materialized.code, /registry is empty\..*ml-pipeline features apply/i.test(materialized.stderr)], [2, true], materialized.stderr);
    await cp(join(own.folder, 'recipes', 'models', 'regression', 'lightgbm_regressor.yaml'), join(own.folder, 'recipes', `${name}_bare.yaml`));
    const trained = await runCommand(own.folder, 'train', '--recipe-file', `${name}_bare`);
    assert.equal(trained.code, 2, trained.stderr);
    assert.match(trained.stderr, /relation "raw_data\.flights" does not exist\. .*`ml-pipeline data load`/);
    assert.match(trained.stderr, /registry is empty.*ml-pipeline features apply/);
    await own.remove();
    await bare.drop();
  });

  it('asks the running API for a prediction, as a table or as the API\'s own JSON', async () => {
    const row = ['--entity', 'origin=JFK', '--entity', 'plane_id=7', '--request', 'distance=1000', '--request', 'weekend=0', '--request', 'meal='];
    const answer = await json<{ predictions: { prediction: string }[] }>('predict', ...row);
    const lines = (await run('predict', ...row)).stdout;
    assert.match(lines, new RegExp(`^prediction +${answer.predictions[0]!.prediction} +\\(arrival version 1\\)`));
    assert.match(lines, /\ntemp +41\.5 +PRESENT +2 min\n/);
    assert.match(lines, /\nflights +null +NOT_FOUND\n/);
  });

  it('prints every problem that the API has with a request', async () => {
    const { code, stderr } = await run('predict', '--entity', 'orign=JFK', '--request', 'distance=far');
    assert.equal(code, 2);
    assert.match(stderr, /- instances\[0\]\.entities\.orign: is not known here\. Did you mean "origin"\?/);
    assert.match(stderr, /- instances\[0\]\.request\.distance: is "far", not a number/);
  });

  it('says which options the model wants, all of them, when they are left out', async () => {
    const { code, stderr } = await run('predict');
    assert.equal(code, 2);
    const options = [...stderr.matchAll(/^ {2}- instances\[0\]\.(entities|request)\.(\w+): is missing\. Give it with (--\w+ \w+)=<value>/gm)].map(([, part, name, option]) => [part, name, option]);
    assert.deepEqual(options, [...['origin', 'plane_id'].map((name) => ['entities', name, `--entity ${name}`]), ...['distance', 'weekend', 'meal'].map((name) => ['request', name, `--request ${name}`])], stderr);
  });

  it('leaves a workflow with Ctrl-C: exit code 130, and how to come back and to stop it, which works', async () => {
    const workflowId = `train-${name}`;
    const away = await makeProject({ temporalAddress: servers.temporalAddress, taskQueue: name }); // PostgreSQL is away, so the training waits for it
    await cp(join(away.folder, 'recipes', 'models', 'regression', 'lightgbm_regressor.yaml'), join(away.folder, 'recipes', `${name}.yaml`));
    const connection = await Connection.connect({ address: servers.temporalAddress });
    const handle = new Client({ connection }).workflow.getHandle(workflowId);
    try {
      const command = startCommand(away.folder, 'train', '--recipe-file', name);
      await command.said(`No worker serves ${name}: this command runs one`);
      while (((await handle.describe()).raw.pendingActivities ?? []).length === 0) await setTimeout(200); // now a worker is at it, and the command looks on
      command.child.kill('SIGINT');
      const { code, stdout, stderr } = await command.finished;
      assert.deepEqual([code, stdout], [130, ''], stderr);
      assert.match(stderr, /^PostgreSQL does not answer .* The workflow waits for it, and checks the rest then\.\nStarted /);
      assert.match(stderr, new RegExp(`Detached: ${workflowId} waits for a worker.*\nCome back with: ml-pipeline attach ${workflowId}\nStop it with: ml-pipeline cancel ${workflowId}\n$`));
      assert.equal((await handle.describe()).status.name, 'RUNNING');
      const joined = await runCommand(away.folder, 'train', '--recipe-file', name, '--detach', '--json');
      assert.deepEqual(JSON.parse(joined.stdout), { workflow_id: workflowId, joined: true });
      assert.equal((await runCommand(away.folder, 'cancel', workflowId)).code, 0);
      const unknown = await runCommand(away.folder, 'cancel', `${workflowId}-not-there`);
      assert.deepEqual([unknown.code, unknown.stderr], [2, `error: There is no workflow "${workflowId}-not-there" that runs. All that there are: http://127.0.0.1:1/namespaces/default/workflows\n`]);
      assert.match((await runCommand(away.folder, 'attach', 'nope')).stderr, /^error: There is no workflow "nope"\. All that there are: http/);
    } finally {
      await handle.terminate().catch((error: Error) => assert.equal(error.name, 'WorkflowNotFoundError'));
      await connection.close();
      await away.remove();
    }
  });
});
