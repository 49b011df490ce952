import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { createFeatureRepositorySource } from '../../adapters/feature-repo/feature-repository-source.ts';
import { columnOf } from '../../domain/data/columns.ts';
import { columnValue, sameValue } from '../../domain/features/canonical.ts';
import { selectFeatures } from '../../domain/features/resolve.ts';
import type { FeatureSelection } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { Ports } from '../../ports/ports.ts';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import type { TrainModelResult } from '../../workflows/train-model.ts';
import { AS_OF, createFixtureProject, fixtureRecipe, type FixtureProject } from '../support/fixture-project.ts';
import { connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';
import { createCloudProject, type CloudProject } from './cloud-project.ts';
import { modelFiles, predictions } from './served-model.ts';

const DEFINITIONS = createFeatureRepositorySource(join(import.meta.dirname, '..', '..', 'feature_repo'));
const ASKED_AT = parseInstant(AS_OF)!;
const ENTITIES = ['origin', 'tailnum', 'carrier'];
const REQUEST = ['distance', 'hour'];

type Row = readonly FeatureValue[];
interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

describe('One recipe, APP_ENV=local and APP_ENV=cloud', function () {
  this.timeout(300_000);
  let local: FixtureProject;
  let cloud: CloudProject;
  let client: Client;
  let close: () => Promise<void>;
  const workers: TestWorker[] = [];
  const trained: Partial<Record<'local' | 'cloud', TrainModelResult>> = {};
  let trainingSet: Table;

  before(async () => {
    local = await createFixtureProject();
    await local.writeRecipe('same', fixtureRecipe({ name: 'same', model: 'same' }));
    cloud = await createCloudProject(local);
    await cloud.ports.warehouse.prepare();
    await cloud.ports.featureRegistry.apply(await DEFINITIONS.load());
    workers.push(await startTestWorker(local), await startTestWorker({ ...local, config: cloud.config, ports: cloud.ports }));
    ({ client, close } = await connectClient(local.config.temporal.address));
  });
  after(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await close?.();
    await cloud?.remove();
    await local?.remove();
  });

  const both = <T>(work: (project: FixtureProject | CloudProject) => Promise<T>): Promise<readonly [T, T]> => Promise.all([work(local), work(cloud)]);
  const run = async <T>(type: string, input: object, { config }: { readonly config: CloudProject['config'] }): Promise<T> =>
    (await client.workflow.start(type, { workflowId: randomId(type), taskQueue: config.temporal.task_queue, args: [input] })).result() as Promise<T>;

  it('finds the same spine, in the same order, and the same features for it, bit for bit', async () => {
    const [here, there] = await both(({ ports }) => joined(ports));
    assert.deepEqual(there.columns, here.columns);
    assert.equal(there.rows.length, here.rows.length);
    assert.ok(here.rows.length > 5000);
    here.rows.forEach((row, at) => row.forEach((value, column) => {
      const other = there.rows[at]![column]!;
      assert.ok(sameValue(value, other), `row ${at}, ${here.columns[column]}: ${String(value)} and ${String(other)}`);
    }));
    trainingSet = here;
  });

  it('trains the same model: its files and its metrics are the same', async () => {
    [trained.local, trained.cloud] = await both((project) => run<TrainModelResult>('trainModel', { recipe: 'same', as_of: AS_OF }, project));
    assert.deepEqual(trained.cloud.rows, trained.local.rows);
    assert.deepEqual(trained.cloud.metrics, trained.local.metrics);
    const [here, there] = await both(async ({ ports }) => modelFiles((await ports.tracker.modelFolder('models:/same@champion')).folder));
    assert.deepEqual(Object.keys(there), Object.keys(here));
    assert.ok('model.txt' in here && 'model.onnx' in here, Object.keys(here).join());
    for (const [name, bytes] of Object.entries(here)) if (/^model\./.test(name)) assert.ok(bytes.equals(there[name]!), `${name} differs`);
  });

  it('materializes the same rows', async () => {
    const [here, there] = await both((project) => run<MaterializeFeaturesResult>('materializeFeatures', { end: AS_OF }, project));
    const counts = ({ views }: MaterializeFeaturesResult) => views.map(({ view, written, skipped }) => [view, written, skipped]);
    assert.deepEqual(counts(there), counts(here));
    const [inOne, inCluster] = await both(({ ports }) => onlineRows(ports));
    assert.ok(inOne.size > 1000, `${inOne.size} rows`);
    assert.deepEqual([...inCluster].sort(byKey), [...inOne].sort(byKey));
  });

  it('predicts the same from the API', async () => {
    const index = (name: string): number => trainingSet.columns.indexOf(name);
    const pick = (row: Row, names: readonly string[]) => Object.fromEntries(names.map((name) => [name, typeof row[index(name)] === 'bigint' ? Number(row[index(name)]) : row[index(name)]]));
    const instances = trainingSet.rows.slice(-200).map((row) => ({ entities: pick(row, ENTITIES), request: pick(row, REQUEST) }));
    const [here, there] = await both(({ ports }) => predictions(ports, { model: 'models:/same@champion', instances, askedAt: ASKED_AT }));
    assert.equal(here.length, instances.length);
    assert.ok(new Set(here.map((one) => JSON.stringify(one.probabilities))).size > 20);
    assert.deepEqual(there, here);
  });
});

async function flightFeatures(): Promise<FeatureSelection> {
  return selectFeatures(await DEFINITIONS.load(), { featureService: 'flight_delay_v1' });
}

/** The recipe's spine with its features, as a training run makes them. */
async function joined(ports: Ports): Promise<Table> {
  const name = `parity_${randomId('x').slice(2).replaceAll('-', '')}`;
  const query = await ports.sqlTemplates.render({ sourceUri: 'sql/flights_spine.sql.j2', parameters: { days: 14 }, asOfMicros: ASKED_AT });
  const spine = await ports.warehouse.writeSpine({ name, query, entityColumns: ENTITIES, timestampColumn: 'event_timestamp', asOfMicros: ASKED_AT, expiresAtMicros: Date.now() * 1000 + 3_600_000_000 });
  const { schema, batches } = await ports.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: await flightFeatures() });
  const columns = schema.map((column) => column.name);
  const rows: Row[] = [];
  for await (const batch of batches) for (let row = 0; row < batch.rowCount; row++) rows.push(columns.map((column) => columnValue(columnOf(batch, column), row)));
  return { columns, rows };
}

/** View and entity -> what is stored of it: times, created timestamp among them, and values. */
async function onlineRows({ onlineStore }: Ports): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const view of (await flightFeatures()).views) {
    for await (const entityKeys of onlineStore.entities(view, 1000)) {
      const [rows] = await onlineStore.read([{ view, features: view.features.map(({ name }) => name), entityKeys }]);
      const versions = await onlineStore.versions(view, entityKeys);
      entityKeys.forEach((key, at) => found.set(`${view.name} ${text(key)}`, `${text(rows![at]!.values)} ${Buffer.from(versions[at]!.token).toString('hex')}`));
    }
  }
  return found;
}

/** Numbers of 64 bits, NaN and -0 as they are. */
function text(values: readonly FeatureValue[]): string {
  return values.map((value) => (Object.is(value, -0) ? '-0' : `${typeof value} ${String(value)}`)).join('|');
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
