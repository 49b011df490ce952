import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { predict } from '../../api/predict.ts';
import { loadServedModel, type ServedModel } from '../../api/served-model.ts';
import { parsePredictRequest } from '../../api/predict-request.ts';
import { exampleRequest } from '../../api/openapi.ts';
import { columnOf } from '../../domain/data/columns.ts';
import { columnValue } from '../../domain/features/canonical.ts';
import { addOnDemandFeatures } from '../../domain/features/on-demand-rows.ts';
import { onDemandDifferences } from '../../domain/features/served-models.ts';
import { outputColumns } from '../../domain/features/snapshot.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { TrainModelResult } from '../../workflows/train-model.ts';
import { AS_OF, fixtureRecipe } from '../support/fixture-project.ts';
import { useFixtureWorker } from './fixture-worker.ts';

const NOW = parseInstant(AS_OF)!;

describe('A model with features on demand', function () {
  this.timeout(90_000);
  const fixture = useFixtureWorker();
  let result: TrainModelResult;
  let model: ServedModel;
  before(async () => {
    await fixture.project.writeRecipe('v2', fixtureRecipe({ name: 'v2', model: 'v2', sections: { augmenter: { type: 'feature_store', feature_service: 'flight_delay_v2', request_columns: ['hour'] } } }));
    result = (await (await fixture.start('trainModel', { recipe: 'v2', as_of: AS_OF })).result()) as TrainModelResult;
    model = await loadServedModel(fixture.project.ports, result.modelUri);
  });
  after(() => model.session.close());

  it('is trained on them, says in its signature that Python callers give them, and holds their function in a file of its own', async () => {
    const { folder } = await fixture.project.ports.tracker.modelFolder(result.modelUri);
    const { inputs, features, trainingProfile } = model.artifact;
    assert.deepEqual(inputs.filter(({ origin }) => origin === 'on_demand').map(({ name }) => name), ['plane_age_years', 'gust_excess', 'seat_miles']);
    assert.ok(!inputs.some(({ name }) => name.includes('__')), 'what only a function needs is no input');
    const age = trainingProfile.find(({ column }) => column === 'plane_age_years');
    assert.ok(age?.type === 'number' && age.min! >= 0 && age.max! < 70 && age.missing < age.rows, JSON.stringify(age));
    assert.equal(await readFile(join(folder, 'transforms/flight_context.mjs'), 'utf8'), features?.onDemand?.[0]?.source);
    assert.match(await readFile(join(folder, 'MLmodel'), 'utf8'), /"name":"seat_miles","required":true/);
  });

  it('is asked for the columns that its functions want, and sees when it predicts what the join gives for that instant', async () => {
    const { warehouse, onlineStore, transformRunner } = fixture.project.ports;
    const selection = model.artifact.features!;
    for (const view of selection.views) {
      const newest = await warehouse.newestRows({ view, startMicros: 0, endMicros: NOW, slice: { index: 0, count: 1 } });
      for await (const batch of newest.batches) await onlineStore.write(view, batch);
    }
    const [instance] = parsePredictRequest(model.plan.request, exampleRequest(model.artifact));
    assert.deepEqual(Object.keys(instance!.request).sort(), ['distance', 'hour']);
    const { tailnum, origin, carrier } = instance!.entities;
    const query = { sql: 'SELECT $1::text AS tailnum, $2::text AS origin, $3::text AS carrier, $4::timestamptz AS event_timestamp, $5::bigint AS distance', values: [tailnum, origin, carrier, AS_OF, String(instance!.request['distance'])] as string[] };
    const spine = await warehouse.writeSpine({ name: 'asked', query, entityColumns: ['tailnum', 'origin', 'carrier'], timestampColumn: 'event_timestamp', asOfMicros: NOW, expiresAtMicros: NOW });
    const joined = await warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection });
    const { predictions } = await predict(model, onlineStore, [instance!], NOW);
    const told = predictions[0]!.features;
    assert.deepEqual(Object.keys(told), outputColumns(selection).map(({ column }) => column));
    for await (const batch of addOnDemandFeatures({ ...joined, selection, timestampColumn: 'event_timestamp', load: (view) => transformRunner.load(view) }).batches) {
      for (const [column, { value }] of Object.entries(told)) assert.deepEqual(value, columnValue(columnOf(batch, column), 0), column);
    }
    assert.notEqual(told['seat_miles']?.value, null);
    assert.throws(() => parsePredictRequest(model.plan.request, { instances: [{ entities: instance!.entities, request: { hour: 9, distance: 'far' } }] }), /instances\[0\]\.request\.distance.*does not fit Int64/);
  });

  it('keeps its own function when the repository gets another one, and that is told', async () => {
    const repository = await fixture.project.ports.featureRegistry.contents();
    const served = { name: 'v2', version: '1', aliases: ['champion'], features: model.artifact.features! };
    assert.deepEqual(onDemandDifferences([served], repository), []);
    const edited = (repository.onDemandFeatureViews ?? []).map((view) => ({ ...view, bundle: { source: '', sha256: 'f'.repeat(64) } }));
    assert.match(onDemandDifferences([served], { ...repository, onDemandFeatureViews: edited }).join(), /model v2 version 1 \(@champion\) computes flight_context, whose function in the repository is another one now \(ffffffffffff,/);
    assert.match(onDemandDifferences([served], { ...repository, onDemandFeatureViews: [] }).join(), /does not have any more/);
  });

  it('keeps the alias where a new model was trained with another function: their rows are not the same', async () => {
    const { featureRegistry } = fixture.project.ports;
    const { entities, featureViews, featureServices, onDemandFeatureViews = [] } = await featureRegistry.contents();
    const edited = onDemandFeatureViews.map((view) => {
      const source = view.bundle!.source.replace('gust - speed', 'gust + speed');
      return { ...view, bundle: { source, sha256: createHash('sha256').update(source).digest('hex') } };
    });
    await featureRegistry.apply({ entities, featureViews, featureServices, onDemandFeatureViews: edited });
    const next = (await (await fixture.start('trainModel', { recipe: 'v2', as_of: AS_OF })).result()) as TrainModelResult;
    assert.deepEqual([result.alias, next.alias], ['champion', null]);
    assert.equal(next.promotion, 'version 1 keeps the alias: it was trained with another function of flight_context, whose features this training set has by the new one');
  });
});
