import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { Redis } from 'ioredis';
import { RegistrySchema } from '../../../../adapters/feast/gen/feast/core/Registry_pb.ts';
import { createFeastFileRegistry } from '../../../../adapters/feast/registry/file-registry.ts';
import { createRedisLocks } from '../../../../adapters/redis/locks.ts';
import { PipelineError } from '../../../../domain/errors.ts';
import type { FeatureRegistry } from '../../../../ports/feature-registry.ts';
import type { Locks } from '../../../../ports/locks.ts';
import type { RegistryRow, RegistryTable } from '../../../../ports/registry-table.ts';
import type { FeatureRegistryHarness } from '../../../contracts/feature-registry-harness.ts';
import { describeOnDemandContract } from '../../../contracts/feature-registry-on-demand.contract.ts';
import { describeWritersContract } from '../../../contracts/feature-registry-writers.contract.ts';
import { describeFeatureRegistryContract } from '../../../contracts/feature-registry.contract.ts';
import { fileHarness } from '../../../contracts/registry-file-harness.ts';
import { createMemoryRegistryFile, type MemoryRegistryFile } from '../../../support/registry-file.ts';
import { testServers } from '../../../support/servers.ts';
import { repository } from './repository.ts';

const LEASE_MS = 1_000;

async function openHarness(): Promise<FeatureRegistryHarness> {
  const file = createMemoryRegistryFile();
  const { redisUrl: url } = await testServers();
  const redis = new Redis(url);
  const run = randomBytes(6).toString('hex');
  return {
    ...fileHarness(file),
    connect: (project) => createFeastFileRegistry({ file, locks: createRedisLocks({ url, project: `${run} ${project}`, leaseMs: LEASE_MS }), project, tables: 'bigquery' }),
    async breakLocks() {
      const locks = await redis.keys(`ml_pipeline lock {${run} *`);
      return locks.length === 0 ? 0 : redis.del(...locks);
    },
    close: async () => void (await redis.quit()),
  };
}

describeFeatureRegistryContract("Feast's registry file", openHarness);
describeOnDemandContract("Feast's registry file", openHarness);
describeWritersContract("Feast's registry file, with locks in Redis", openHarness);

/** One process of which nobody else is aware. */
const noLocks: Locks = { hold: (_names, _wish, work) => work(new AbortController().signal), close: () => Promise.resolve() };

interface MemoryTable extends RegistryTable {
  rows: readonly RegistryRow[];
  failure: Error | undefined;
}

function createMemoryTable(): MemoryTable {
  let generation: string | undefined;
  const table: MemoryTable = {
    rows: [],
    failure: undefined,
    generation: () => (table.failure === undefined ? Promise.resolve(generation) : Promise.reject(table.failure)),
    replace: (rows, of) => {
      if (table.failure !== undefined) return Promise.reject(table.failure);
      [table.rows, generation] = [rows, of];
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return table;
}

describe("Feast's registry file", () => {
  let file: MemoryRegistryFile;
  let table: MemoryTable;
  let registry: FeatureRegistry;
  const registryOf = (project: string): FeatureRegistry => createFeastFileRegistry({ file, locks: noLocks, table, project, tables: 'bigquery' });
  const content = async () => fromBinary(RegistrySchema, (await file.read())!.bytes);

  beforeEach(() => {
    [file, table] = [createMemoryRegistryFile(), createMemoryTable()];
    registry = registryOf('p');
  });

  it('is written once for all of a change, and not at all where nothing changes', async () => {
    await registry.apply(repository);
    assert.equal(file.writings, 1);
    await registry.apply(repository);
    await registry.plan(repository);
    assert.equal(file.writings, 1);
    const { registrySchemaVersion, versionId, lastUpdated, projects } = await content();
    assert.equal(registrySchemaVersion, '1');
    assert.match(versionId, /^[0-9a-f-]{36}$/);
    assert.ok(Math.abs(Number(lastUpdated?.seconds) * 1000 - Date.now()) < 60_000);
    assert.deepEqual(projects.map(({ spec }) => spec?.name), ['p']);
  });

  it('holds the sources as tables of BigQuery, and says in each object whose it is', async () => {
    await registry.apply(repository);
    const { dataSources, entities, featureServices, featureViews } = await content();
    const weather = dataSources.find(({ name }) => name === 'weather_source');
    assert.deepEqual([weather?.type, weather?.dataSourceClassType, weather?.options.value], [2, 'feast.infra.offline_stores.bigquery_source.BigQuerySource', { $typeName: 'feast.core.DataSource.BigQueryOptions', table: 'feature_mart.weather', query: '' }]);
    assert.ok([...dataSources, ...[...entities, ...featureServices, ...featureViews].map(({ spec }) => spec)].every((named) => named?.project === 'p'));
  });

  it('keeps objects of other projects, of kinds that are not known here, and fields that are not', async () => {
    await registryOf('other').apply(repository);
    const permissions = [16 << 3 | 2, 1, 2, 0x0a, 0x00]; // field 16, which our text of the message does not have
    const { bytes, generation } = (await file.read())!;
    await file.write(Buffer.concat([bytes, Buffer.from(permissions)]), generation);
    await registry.apply(repository);
    await registry.apply({ ...repository, featureViews: [], featureServices: [], entities: [] });
    assert.ok(Buffer.from((await file.read())!.bytes).includes(Buffer.from(permissions)));
    assert.equal((await registryOf('other').featureViews()).length, 3);
    assert.deepEqual(await registry.featureViews(), []);
  });

  it('is planned anew when another program writes between reading and writing, and refused when that is more than was shown', async () => {
    const shown = await registry.plan(repository);
    file.beforeWrite(async () => void (await registryOf('other').apply(repository)));
    assert.equal((await registry.apply(repository, shown)).changes.length, 10);
    assert.deepEqual([(await registry.featureViews()).length, (await registryOf('other').featureViews()).length], [3, 3]);
    const fewer = { ...repository, featureServices: [] };
    const planned = await registry.plan(fewer);
    const other = { ...repository.featureViews[0]!, ttlSeconds: 5 };
    file.beforeWrite(async () => void (await registryOf('p').apply({ ...repository, featureViews: [other, ...repository.featureViews.slice(1)] })));
    await assert.rejects(registry.apply(fewer, planned), (error) => error instanceof PipelineError && error.code === 'CONFLICT');
    assert.equal((await registry.featureServices()).length, 1);
  });

  it('takes a writing whose answer was lost for its own', async () => {
    file.loseNextAnswer();
    assert.equal((await registry.apply(repository)).changes.length, 10);
    assert.equal(file.writings, 1);
  });

  it('is written once for changes that come while it is being written, and one that is refused spoils no other', async () => {
    await registry.apply(repository);
    const before = file.writings;
    const outcomes = await Promise.allSettled([...Array.from({ length: 20 }, (_, n) => registry.recordMaterialization('weather', n * 10, n * 10 + 5)), registry.recordMaterialization('wether', 0, 1)]);
    assert.deepEqual(outcomes.map(({ status }) => status), [...Array.from({ length: 20 }, () => 'fulfilled'), 'rejected']);
    assert.ok(file.writings - before <= 2, `${file.writings - before} writings`);
    assert.equal((await registry.featureViews()).find(({ view }) => view.name === 'weather')?.materializationIntervals.length, 20);
  });

  it("keeps its notes where Feast's own programs keep theirs, with those", async () => {
    const { bytes } = { bytes: toBinary(RegistrySchema, fromBinary(RegistrySchema, new Uint8Array())) };
    const registryMessage = fromBinary(RegistrySchema, bytes);
    registryMessage.projectMetadata.push({ $typeName: 'feast.core.ProjectMetadata', project: 'p', projectUuid: '{"theirs":"1"}' }, { $typeName: 'feast.core.ProjectMetadata', project: 'q', projectUuid: 'c0ffee' });
    await file.write(toBinary(RegistrySchema, registryMessage), undefined);
    const mark = { endMicros: 2, renewedMicros: 3 };
    for (const own of [registry, registryOf('q')]) {
      await own.apply(repository);
      await own.recordMaterialization('weather', 1, 2, undefined, mark);
    }
    const notes = Object.fromEntries((await content()).projectMetadata.map(({ project, projectUuid }) => [project, Object.keys(JSON.parse(projectUuid) as object).sort()]));
    assert.deepEqual(notes, { p: ['ml_pipeline.online_marks', 'theirs'], q: ['ml_pipeline.online_marks', 'project_uuid'] });
    assert.deepEqual((await registry.featureViews()).find(({ view }) => view.name === 'weather')?.mark, mark);
  });

  it('says that it is none, where the file holds something else', async () => {
    await file.write(Buffer.from('not a registry'), undefined);
    await assert.rejects(registry.featureViews(), (error) => error instanceof PipelineError && error.code === 'INVALID_DATA' && /gs:\/\/bucket\/registry\.db is not a registry file/.test(error.message));
  });

  describe('shown by rows', () => {
    it('has one for each object, of the generation that was written', async () => {
      await registry.apply(repository);
      assert.equal(await table.generation(), await file.generation());
      assert.deepEqual(table.rows.map(({ kind, name }) => `${kind} ${name}`).sort(), [
        'data source calendar_source', 'data source punctuality_source', 'data source weather_source', 'entity __dummy', 'entity airport', 'entity carrier',
        'feature service delay_v1', 'feature view calendar', 'feature view punctuality', 'feature view weather', 'project p',
      ]);
      const weather = JSON.parse(table.rows.find(({ kind, name }) => kind === 'feature view' && name === 'weather')!.definition) as { spec: { ttl: string; batch_source: { bigquery_options: unknown } } };
      assert.deepEqual([weather.spec.ttl, weather.spec.batch_source.bigquery_options], ['21600s', { table: 'feature_mart.weather' }]);
    });

    it('is applied all the same when they cannot be written, says so, and brings them up to date the next time, though nothing changes', async () => {
      table.failure = new PipelineError('UNAVAILABLE', 'BigQuery is away.');
      const plan = await registry.apply(repository);
      assert.deepEqual([plan.changes.length, table.rows], [10, []]);
      assert.match(plan.warnings?.join() ?? '', /could not be brought up to date; the next apply tries it again.*BigQuery is away/);
      table.failure = undefined;
      assert.deepEqual(await registry.apply(repository), { changes: [], unchanged: 10, kept: [], online: [] });
      assert.equal(await table.generation(), await file.generation());
    });

    it('writes them anew on demand, where there is a file', async () => {
      await assert.rejects(registry.rebuildTable(), (error) => error instanceof PipelineError && error.code === 'NOT_FOUND');
      await registry.apply(repository);
      await registry.recordMaterialization('weather', 1, 2);
      table.rows = [];
      assert.deepEqual(await registry.rebuildTable(), { rows: 11, generation: await file.generation() });
      assert.equal(table.rows.length, 11);
    });

    it('does not leave older rows when the file changes while they are written', async () => {
      await registry.apply(repository);
      const replace = table.replace;
      let isFirst = true;
      table.replace = async (rows, generation) => {
        await replace(rows, generation);
        if (isFirst) await registryOf('p').recordMaterialization('weather', 1, 2);
        isFirst = false;
      };
      const { generation } = await registry.rebuildTable();
      assert.equal(generation, await file.generation());
    });
  });
});
