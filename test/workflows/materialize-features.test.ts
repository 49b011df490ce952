import assert from 'node:assert/strict';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import { checkMaterialization } from '../../activities/plan-materialization.ts';
import { canonicalize, sameValue } from '../../domain/features/canonical.ts';
import { pointInTimeJoin, type SourceRow } from '../../domain/features/point-in-time.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { Problem } from '../../domain/errors.ts';
import featureRepository from '../../feature_repo/index.ts';
import { progressQuery } from '../../temporal/progress.ts';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { AS_OF } from '../support/fixture-project.ts';
import { useFixtureWorker } from './fixture-worker.ts';

const END = parseInstant(AS_OF)!;

describe('the workflow materializeFeatures', function () {
  this.timeout(60_000);
  const fixture = useFixtureWorker();

  const start = (input: object): Promise<WorkflowHandle> => fixture.start('materializeFeatures', input);
  const materialize = async (input: object): Promise<MaterializeFeaturesResult> => (await start(input)).result() as Promise<MaterializeFeaturesResult>;
  const applicationFailure = async (input: object): Promise<ApplicationFailure> => {
    const error = await (await start(input)).result().then(() => assert.fail('the workflow did not fail'), (failure: unknown) => failure);
    assert.ok(error instanceof WorkflowFailedError, String(error));
    const failure = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
    assert.ok(failure instanceof ApplicationFailure, String(failure));
    return failure;
  };

  it('puts the newest value of every entity into the store, and nothing else', async () => {
    const handle = await start({ end: AS_OF });
    const { views } = (await handle.result()) as MaterializeFeaturesResult;
    assert.deepEqual(views.map(({ view }) => view).sort(), ['carrier_stats', 'plane_info', 'plane_stats', 'weather']);
    const entities = new Set<string>();
    for (const { view: name, written, skipped, end } of views) {
      assert.deepEqual([skipped, end], [0, AS_OF]);
      const view = snapshotView(featureRepository, name);
      const source = await readSource(fixture.project.databaseUrl, view);
      const bySource = new Map<string, SourceRow[]>();
      for (const row of source) bySource.set(JSON.stringify(row.keys), [...(bySource.get(JSON.stringify(row.keys)) ?? []), row]);
      const keys = [...bySource.values()].map((rows) => rows[0]!.keys);
      const expected = [...bySource.values()].map((rows) => pointInTimeJoin(view, [{ keys: rows[0]!.keys, asOfMicros: END }], rows)[0]);
      const stored = (await fixture.project.ports.onlineStore.read([{ view, features: view.features.map((feature) => feature.name), entityKeys: keys }]))[0]!;
      for (const [index, row] of expected.entries()) {
        assert.equal(stored[index]!.eventTimestampMicros, row?.eventTimestampMicros ?? undefined, `${name} ${String(keys[index])}`);
        if (row !== undefined) assert.ok(row.values.every((value, i) => sameValue(value, stored[index]!.values[i]!)), `${name} ${String(keys[index])}: ${String(stored[index]!.values)} is not ${String(row.values)}`);
      }
      const known = keys.filter((_, index) => expected[index] !== undefined);
      assert.equal(written, known.length);
      known.forEach((key) => entities.add(JSON.stringify([view.joinKeys.map((joinKey) => joinKey.name), key])));
    }
    assert.equal(Object.keys(await fixture.project.onlineContents()).length, entities.size);
    const { steps } = await handle.query(progressQuery);
    assert.deepEqual(steps.map(({ status }) => status), ['done', 'done', 'done', 'done', 'done']);
    assert.deepEqual(((await handle.describe()).searchAttributes['FeatureView'] as string[]).sort(), ['carrier_stats', 'plane_info', 'plane_stats', 'weather']);
  });

  it('records the interval of each view, and changes nothing when it is repeated', async () => {
    const intervals = async () => (await fixture.project.ports.featureRegistry.featureViews()).map(({ view, materializationIntervals }) => [view.name, materializationIntervals]);
    const [contents, recorded] = [await fixture.project.onlineDigest(), await intervals()];
    const { views } = await materialize({ end: AS_OF });
    assert.deepEqual(views.map(({ written }) => written), [0, 0, 0, 0]);
    assert.equal(await fixture.project.onlineDigest(), contents);
    assert.deepEqual(await intervals(), recorded);
    for (const { view, start: from, end } of views) {
      assert.deepEqual(new Map(recorded as [string, unknown][]).get(view), [{ startMicros: parseInstant(from), endMicros: parseInstant(end) }]);
    }
  });

  it('lets an older window replace nothing', async () => {
    const contents = await fixture.project.onlineDigest();
    const [view] = (await materialize({ views: ['plane_stats'], start: '2013-11-01T00:00:00Z', end: '2013-11-12T12:00:00Z' })).views;
    assert.deepEqual([view!.written, view!.skipped > 500], [0, true], `${view!.written} written, ${view!.skipped} skipped`);
    assert.equal(await fixture.project.onlineDigest(), contents);
  });

  it('refuses a view that the registry does not have, with the nearest name', async () => {
    const failure = await applicationFailure({ views: ['plane_stat', 'weather'] });
    assert.equal(failure.type, 'NOT_FOUND');
    assert.match(((failure.details as [Problem[]])[0][0]!).cure!, /plane_stats/);
  });

  it('refuses a bad input at once, with every problem', async () => {
    const failure = await applicationFailure({ views: 'weather', end: 'now', until: 1 });
    assert.equal(failure.type, 'INVALID_INPUT');
    assert.deepEqual((failure.details as [Problem[]])[0].map(({ path }) => path).sort(), ['end', 'until', 'views']);
  });

  it('refuses a window that is not over, however far in the future its end is, and records nothing', async () => {
    const before = await fixture.project.ports.featureRegistry.featureViews();
    for (const end of ['2099-01-01', '9999-12-31T23:59:59.999999Z']) {
      for (const incremental of [false, true]) {
        const failure = await applicationFailure({ end, incremental });
        assert.equal(failure.type, 'INVALID_INPUT');
        assert.match(JSON.stringify(failure.details), new RegExp(`"path":"end","message":"is [^,]*${end}[^,]*, which (is in the future|lies outside the years 1700 to 2254)`));
      }
      await assert.rejects((await fixture.start('backfillFeatures', { start: AS_OF, end })).result());
      await assert.rejects(checkMaterialization(fixture.project.ports, { end }), /Nothing was materialized/);
    }
    assert.deepEqual(await fixture.project.ports.featureRegistry.featureViews(), before);
  });

  it('refuses a window that ends before it starts', async () => {
    assert.equal((await applicationFailure({ start: '2013-11-10T00:00:00Z', end: '2013-11-09T00:00:00Z' })).type, 'INVALID_INPUT');
  });
});

/** The rows of the view's source that were known at the end, read without the adapter. */
async function readSource(connectionString: string, view: FeatureViewSnapshot): Promise<SourceRow[]> {
  const database = new pg.Client({ connectionString });
  await database.connect();
  const columns = [...view.joinKeys, ...view.features].map(({ name }) => `${name}::text AS ${name}`).join(', ');
  const micros = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::int8::text AS ${column}`;
  const { rows } = await database.query<Record<string, string | null>>(`SELECT ${columns}, ${micros('event_timestamp')}, ${micros('created_timestamp')} FROM ${view.source.table} WHERE created_timestamp <= $1`, [AS_OF]);
  await database.end();
  return rows.map((row) => ({
    keys: view.joinKeys.map(({ name }) => row[name]!),
    eventTimestampMicros: Number(row['event_timestamp']),
    createdTimestampMicros: Number(row['created_timestamp']),
    values: view.features.map(({ name, type }): FeatureValue => (row[name] === null ? null : canonicalize(type, type === 'Int64' ? BigInt(row[name]!) : Number(row[name])))),
  }));
}
