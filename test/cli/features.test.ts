import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createFileTracker } from '../../adapters/mlflow/file-tracker.ts';
import { createModelPackager } from '../../adapters/mlflow/model-packager.ts';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import { createFeastSqlRegistry } from '../../adapters/feast/registry/sql-registry.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { examplePackage } from '../adapters/mlflow/example-model.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testServers } from '../support/servers.ts';
import { makeProject, ROOT, runCommand, type Finished } from './command.ts';

const TABLES = `CREATE SCHEMA feature_mart;
  CREATE TABLE feature_mart.weather (origin text, temp double precision, wind double precision, gone boolean, event_timestamp timestamptz, created_timestamp timestamptz);
  CREATE TABLE feature_mart.tides (origin text, height double precision, event_timestamp timestamptz);`;

const TIDES = `defineFeatureView({ name: 'tides', entities: [airport], ttlSeconds: null, features: [{ name: 'height', type: 'Float64' }], source: { name: 'tides', table: 'feature_mart.tides', timestampField: 'event_timestamp', latenessSeconds: 7200 } })`;
const weather = (features: string, more = ''): string =>
  `defineFeatureView({ name: 'weather', entities: [airport], ttlSeconds: 3600, features: [${features}], pushSource: { name: 'weather_push' },
    source: { name: 'weather', table: 'feature_mart.weather', timestampField: 'event_timestamp', createdTimestampColumn: 'created_timestamp', deletedColumn: 'gone' }${more} })`;
const TEMP = "{ name: 'temp', type: 'Float64' }";

interface Plan {
  readonly changes: readonly { readonly action: string; readonly kind: string; readonly name: string }[];
  readonly online: readonly { readonly view: string; readonly effect: string }[];
  readonly breaks: readonly { readonly path: string; readonly message: string }[];
  readonly applied: boolean;
}

describe('ml-pipeline features', function () {
  this.timeout(90_000);
  let database: TestDatabase;
  let client: pg.Client;
  let project: Awaited<ReturnType<typeof makeProject>>;
  let registry: FeatureRegistry;
  let store: OnlineStore;
  const name = `features_${randomBytes(6).toString('hex')}`;

  before(async () => {
    const servers = await testServers();
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(TABLES);
    project = await makeProject({ postgresUrl: database.url, redisUrl: servers.redisUrl, project: name });
    const redis = new URL(servers.redisUrl);
    registry = createFeastSqlRegistry({ connectionString: database.url, schema: 'feast_registry', project: name });
    store = createRedisOnlineStore({ host: redis.hostname, port: Number(redis.port), password: decodeURIComponent(redis.password), project: name, keyTtlSeconds: 600 });
  });
  after(async () => {
    await Promise.all([registry.close(), store.close(), client.end()]);
    await project.remove();
    await database.drop();
  });

  const run = (...args: readonly string[]): Promise<Finished> => runCommand(project.folder, 'features', ...args);
  async function plan(...args: readonly string[]): Promise<Plan & { readonly code: number | null }> {
    const { code, stdout, stderr } = await run(...args, '--json');
    assert.equal(stderr, '');
    return { ...(JSON.parse(stdout) as Plan), code };
  }
  async function define(...views: readonly string[]): Promise<void> {
    await mkdir(join(project.folder, 'feature_repo'), { recursive: true });
    await writeFile(join(project.folder, 'feature_repo', 'index.ts'), `
      import { defineEntity, defineFeatureRepository, defineFeatureService, defineFeatureView } from '${join(ROOT, 'domain', 'features', 'define.ts')}';
      const airport = defineEntity({ name: 'airport', joinKey: 'origin', valueType: 'String' });
      const featureViews = [${views.join(', ')}];
      const routes = defineFeatureService({ name: 'routes_v1', features: [{ view: featureViews[0], alias: 'origin_weather' }, { view: featureViews[0], alias: 'dest_weather', joinKeyMap: { origin: 'dest' } }] });
      export default defineFeatureRepository({ entities: [airport], featureViews, featureServices: [routes] });`);
  }
  async function writeOnline(view: string): Promise<void> {
    const snapshot = snapshotView(await registry.contents(), view);
    const times = Float64Array.of(Date.now() * 1000);
    const columns = [
      { name: 'origin', type: 'String', values: ['JFK'], nulls: null } as const,
      ...snapshot.features.map((feature) => ({ name: feature.name, type: 'Float64', values: Float64Array.of(1), nulls: null }) as const),
      ...['event_timestamp', 'created_timestamp'].map((column) => ({ name: column, type: 'Timestamp', values: times, nulls: null }) as const),
    ];
    await store.write(snapshot, { rowCount: 1, columns });
  }
  async function isOnline(view: string): Promise<boolean> {
    const [[row] = []] = await store.read([{ view: { name: view, joinKeys: [{ name: 'origin', type: 'String' }], features: [], ttlSeconds: null, source: { name: 's', table: 'a.b', timestampField: 't' }, online: true, asKnown: false }, features: [], entityKeys: [['JFK']] }]);
    return row?.eventTimestampMicros !== undefined;
  }

  it('adds without asking, says what has no values yet, and shows sources, pushes and aliases', async () => {
    await define(weather(TEMP), TIDES);
    const planned = await plan('plan');
    assert.deepEqual([planned.code, planned.applied, planned.online.map(({ view }) => view)], [0, false, ['weather', 'tides']]);
    const applied = await plan('apply');
    assert.deepEqual([applied.changes, applied.applied], [planned.changes, true]);
    const list = (await run('list')).stdout;
    assert.match(list, /^weather +airport +1 +1 h +weather +weather_push +empty +never$/m);
    assert.match(list, /^routes_v1 +weather as origin_weather, weather as dest_weather \(origin from dest\)$/m);
    assert.match(list, /^weather_push +push +feature_mart\.weather$/m);
    const described = (await run('describe', 'weather')).stdout;
    assert.match(described, /^ {2}deleted +rows where gone is true$/m);
    assert.match(described, /^ {2}push source +weather_push$/m);
    assert.match((await run('describe', 'tides')).stdout, /^ {2}lateness +2 h$/m);
  });

  it('removes nothing without consent, and a removed view with its online values', async () => {
    await writeOnline('weather');
    await writeOnline('tides');
    await define(weather(TEMP));
    const refused = await run('apply');
    assert.deepEqual([refused.code, refused.stdout], [2, '']);
    assert.match(refused.stderr, /Something would be removed; nothing was applied\..*--yes/);
    assert.match(refused.stderr, /- feature view tides: It would be removed/);
    assert.match(refused.stderr, /- feature view tides, online: its values are removed/);
    assert.deepEqual([(await registry.featureViews()).length, await isOnline('tides')], [2, true]);
    const applied = await plan('apply', '--yes');
    assert.deepEqual(applied.changes.map(({ action, kind, name: what }) => `${action} ${kind} ${what}`), ['remove data source tides', 'remove feature view tides']);
    assert.deepEqual([(await registry.featureViews()).map(({ view }) => view.name), await isOnline('tides'), await isOnline('weather')], [['weather'], false, true]);
  });

  it('removes what a killed call left in the online store before it applies anything else', async () => {
    await define(weather(TEMP), TIDES);
    assert.equal((await run('apply')).code, 0);
    await writeOnline('tides');
    await define(weather(TEMP));
    const shown = await registry.contents();
    await registry.apply({ ...shown, featureViews: shown.featureViews.filter((view) => view.name !== 'tides') }); // and then it was killed
    assert.equal(await isOnline('tides'), true);
    await define(weather(TEMP), TIDES);
    assert.equal((await run('apply')).code, 0);
    assert.deepEqual([await isOnline('tides'), (await registry.featureViews()).length], [false, 2]);
  });

  it('refuses what a served model would miss, by model, version, alias and feature; --force applies it', async () => {
    const tracker = createFileTracker({ root: join(project.folder, 'mlruns') });
    const folder = await mkdtemp(join(tmpdir(), 'served-'));
    try {
      const experimentId = await tracker.ensureExperiment('flights');
      const run_ = await tracker.ensureRun({ key: 'k', experimentId, name: 'r', startMillis: Date.now(), tags: {} });
      const { modelId } = await tracker.ensureLoggedModel({
        experimentId, runId: run_.runId, name: 'model', params: {}, tags: {}, metrics: [],
        writeFiles: async (target, model) => createModelPackager().write(target, await examplePackage(folder, 'classification', { ...model, runId: run_.runId })),
      });
      const { version } = await tracker.ensureVersion({ name: 'delay', modelId, runId: run_.runId, tags: {} });
      await tracker.setAlias('delay', 'champion', version);
    } finally {
      await rm(folder, { recursive: true });
      await tracker.close();
    }
    await define(weather("{ name: 'wind', type: 'Float64' }"), TIDES);
    const refused = await run('apply', '--yes');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /model delay version 1 \(@champion\), feature view weather: It reads feature temp, which would not be there\. Keep it until .* --force/);
    const planned = await plan('plan');
    assert.deepEqual([planned.code, planned.breaks.length, planned.applied], [2, 1, false]);
    assert.deepEqual((await registry.featureViews()).find(({ view }) => view.name === 'weather')?.view.features.map((feature) => feature.name), ['temp']);
    await define(weather(`${TEMP}, { name: 'wind', type: 'Float64' }`, ", description: 'More'"), TIDES);
    assert.equal((await run('apply')).code, 0, 'what it reads stays');
    await define(weather("{ name: 'wind', type: 'Float64' }"), TIDES);
    assert.equal((await run('apply', '--force')).code, 0);
    assert.deepEqual((await plan('plan')).breaks, [], 'what is missing already is not held against the next change');
  });

  it('protects the model that api.model names by its version, and refuses to take anything from one that cannot be read', async () => {
    const settings = join(project.folder, 'config', 'environments', 'local.yaml');
    const text = await readFile(settings, 'utf8');
    const versions = join(project.folder, 'mlruns', 'models', 'delay');
    try {
      await rm(join(versions, 'aliases'), { recursive: true });
      await define(weather(`${TEMP}, { name: 'wind', type: 'Float64' }`), TIDES);
      assert.equal((await run('apply')).code, 0);
      await define(weather("{ name: 'wind', type: 'Float64' }"), TIDES);
      assert.equal((await plan('plan')).code, 0, 'nothing names the model');
      await writeFile(settings, text.replace('models:/arrival@champion', 'models:/delay/1'));
      const refused = await run('apply', '--yes');
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /model delay version 1 \(api\.model\), feature view weather: It reads feature temp, which would not be there\./);
      await writeFile(settings, text.replace('models:/arrival@champion', 'models:/delay/7'));
      const unreadable = await run('apply', '--yes');
      assert.equal(unreadable.code, 2);
      assert.match(unreadable.stderr, /model delay version 7 \(api\.model\): It cannot be read, so that nobody knows whether it needs what goes of weather: .*delay.*--force/);
      assert.equal((await run('apply', '--yes', '--force')).code, 0);
    } finally {
      await writeFile(settings, text);
    }
  });

  it('describes a view whose features are computed on demand', async () => {
    const source = 'export default () => ({ felt: 1 });';
    const bundle = { source, sha256: createHash('sha256').update(source).digest('hex') };
    const feels = { name: 'feels', inputs: [{ view: 'weather', features: ['wind'] }], request: [{ name: 'shade', type: 'Bool' }], asOf: true, features: [{ name: 'felt', type: 'Float64' }], module: 'transforms/feels.ts', bundle } as const;
    await registry.apply({ ...(await registry.contents()), onDemandFeatureViews: [feels] });
    assert.match((await run('describe', 'feels')).stdout, new RegExp(`^feels\\n  computed from weather:wind\\n  request +shade \\(Bool\\), as_of\\n  function +transforms/feels\\.ts \\(${bundle.sha256.slice(0, 12)}\\)\\n[^]*^  felt +Float64`, 'm'));
  });

  it('finds a column that vanished and one whose type changed, by view, column and table', async () => {
    await client.query('ALTER TABLE feature_mart.tides DROP COLUMN height; ALTER TABLE feature_mart.weather ALTER wind TYPE text USING wind::text, ALTER gone TYPE text USING gone::text');
    const { code, stderr } = await run('validate');
    assert.equal(code, 2);
    assert.match(stderr, /feature view tides\.features\.height: Table feature_mart\.tides has no column "height"/);
    assert.match(stderr, /feature view weather\.features\.wind: Column "wind" of feature_mart\.weather is text, which cannot be read as Float64/);
    assert.match(stderr, /feature view weather\.source\.deletedColumn: Column "gone" of feature_mart\.weather is text/);
  });

  it('says why a definition of another program cannot be used', async () => {
    await client.query("INSERT INTO feast_registry.on_demand_feature_views VALUES ('warmth', $1, 0, '\\x', NULL)", [name]);
    const { code, stderr } = await run('describe', 'warmth');
    assert.deepEqual([code, /"warmth" is an on-demand feature view that another program applied.*Python function/.test(stderr)], [2, true], stderr);
    assert.match((await run('list')).stdout, /^warmth +on-demand feature view +It is computed by a Python function/m);
    assert.match((await run('describe', 'wether')).stderr, /There is no feature view "wether"\. Did you mean "weather"\?/);
  });
});
