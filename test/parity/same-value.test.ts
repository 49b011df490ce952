import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { bundleTransform } from '../../adapters/feature-repo/bundle-transform.ts';
import { createTransformRunner } from '../../adapters/node-vm/transform-runner.ts';
import { createPostgresPushLog } from '../../adapters/postgres/push-log.ts';
import { columnOf } from '../../domain/data/columns.ts';
import { columnValue, sameValue } from '../../domain/features/canonical.ts';
import type { FeatureRepository, Field, TableSource } from '../../domain/features/definitions.ts';
import { addOnDemandFeatures, requestColumns } from '../../domain/features/on-demand-rows.ts';
import type { TransformBundle } from '../../domain/features/on-demand.ts';
import { findFeatures, planOnlineRead } from '../../domain/features/online-plan.ts';
import { selectFeatures } from '../../domain/features/resolve.ts';
import { outputColumns, type FeatureSelection } from '../../domain/features/snapshot.ts';
import { PRIMITIVE_TYPES, type FeatureValue, type PrimitiveType, type ScalarValue, type ValueType } from '../../domain/features/value-types.ts';
import type { Micros } from '../../domain/instant.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { PushLog } from '../../ports/push-log.ts';
import { JOIN_STRATEGIES } from '../../ports/warehouse.ts';
import { openPostgres, type PostgresHarness } from '../adapters/postgres/harness.ts';
import { openRedisHarness, type RedisHarness } from '../adapters/redis/harness.ts';
import { DECIMALS, JSON_TEXTS } from '../contracts/value-samples.ts';
import { createReplay, pushedRow, type Arrival, type Run } from './arrivals.ts';

/** Rows lie around it, within a few hours: entities have none, fresh and outdated values. */
const NOON = 1_700_000_000_000_000;
const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const TTL_SECONDS = 3600;
const ENTITIES = 6;

const TYPES: readonly ValueType[] = [...PRIMITIVE_TYPES, ...PRIMITIVE_TYPES.map((type) => `Array(${type})` as const)];
const text = fc.oneof(fc.constantFrom('', ' ', 'NaN', 'null', '\u{1F600}', 'é'), fc.string({ unit: 'binary' })).map((value) => value.replaceAll('\0', ''));
const VALUES: Readonly<Record<PrimitiveType, fc.Arbitrary<ScalarValue>>> = {
  Bytes: fc.uint8Array({ maxLength: 5 }),
  String: text,
  Int32: fc.integer(),
  Int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  Float64: fc.double(),
  Float32: fc.float(),
  Bool: fc.boolean(),
  UnixTimestamp: fc.integer({ min: -9e12, max: 9e12 }),
  Decimal: DECIMALS,
  Uuid: fc.uuid(),
  Json: JSON_TEXTS.filter((document) => !document.includes('\\u0000')),
};
function valueOf(type: ValueType): fc.Arbitrary<FeatureValue> {
  const value: fc.Arbitrary<FeatureValue> = type.startsWith('Array(') ? fc.array(VALUES[type.slice(6, -1) as PrimitiveType], { maxLength: 3 }) : VALUES[type as PrimitiveType];
  return fc.option(value, { freq: 6 });
}

const entity = fc.integer({ min: 0, max: ENTITIES - 1 });
/** Whole minutes, so that instants meet, and single microseconds, so that edges are found. */
const instant = fc.oneof(
  fc.integer({ min: -180, max: 180 }).map((minute) => NOON + minute * 60 * SECOND),
  fc.tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-1, 0, 1)).map(([hour, micros]) => NOON + hour * HOUR + micros),
);
/** Features by type, and what the caller gives by type: no column of a spine is a decimal or a uuid, and JSON cannot be sorted, which a spine is. */
const FEATURES = TYPES.map((type, index): Field => ({ name: `v${index}`, type }));
const REQUEST = TYPES.filter((type) => !/Json|Decimal|Uuid/.test(type)).map((type, index): Field => ({ name: `r${index}`, type }));

/** entity, event, created after the event, values. */
const typedRow = fc.tuple(entity, instant, fc.constantFrom(0, 1, 60 * SECOND, 2 * HOUR), fc.tuple(...TYPES.map(valueOf)));
/** entity, event, deleted, value: no created timestamps, and ties. */
const plainRow = fc.tuple(entity, instant, fc.boolean(), fc.option(fc.double()));
const sample = fc.record({
  typed: fc.array(typedRow, { minLength: 20, maxLength: 40 }),
  plain: fc.array(plainRow, { minLength: 10, maxLength: 30 }),
  asked: fc.uniqueArray(instant, { minLength: 4, maxLength: 6 }),
  request: fc.tuple(...REQUEST.map(({ type }) => valueOf(type))),
});
/** What comes beside: rows that are pushed, how the store is brought up to each instant, and what the source without created timestamps declares. */
const history = fc.record({
  pushedTyped: fc.array(typedRow, { minLength: 10, maxLength: 25 }),
  pushedPlain: fc.array(plainRow, { minLength: 5, maxLength: 15 }),
  runs: fc.array(fc.constantFrom<Run>('incremental', 'incremental', 'again', 'full'), { minLength: 6, maxLength: 6 }),
  latenessSeconds: fc.constantFrom(undefined, 0, 3600),
});

/** Every value comes out as it went in, of every type; and one is computed from all places that a value may come from. */
const TRANSFORM = `
interface Row { readonly [name: string]: unknown; readonly v3: bigint | null; readonly r3: bigint | null; readonly p: number | null; readonly as_of: number | null }
export default function same(row: Row) {
  const copies = Object.fromEntries(Object.entries(row).filter(([name]) => /^[vr]\\d/.test(name)).map(([name, value]) => ['same_' + name, value]));
  return { ...copies, mixed: [row.v3 === null ? -1 : Number(BigInt.asIntN(32, row.v3)), row.r3 === null ? -1 : Number(BigInt.asIntN(32, row.r3)), row.p ?? Number.NaN, new Date((row.as_of ?? 0) * 1000).getUTCMinutes()] };
}
`;

describe('The same value in training and in serving', function () {
  this.timeout(60_000);
  let postgres: PostgresHarness;
  let redis: RedisHarness;
  let store: OnlineStore;
  let pushLog: PushLog;
  let folder: string;
  let bundle: TransformBundle;
  let runs = 0;
  const runner = createTransformRunner();
  before(async () => {
    [postgres, redis, folder] = await Promise.all([openPostgres(), openRedisHarness(), mkdtemp(join(tmpdir(), 'parity-'))]);
    store = redis.connect(null);
    pushLog = createPostgresPushLog({ connectionString: postgres.url });
    await pushLog.prepare();
    await mkdir(join(folder, 'transforms'));
    await writeFile(join(folder, 'transforms', 'same.ts'), TRANSFORM);
    const outcome = await bundleTransform(folder, 'transforms/same.ts', 'same');
    assert.ok('bundle' in outcome, JSON.stringify(outcome));
    bundle = outcome.bundle;
  });
  after(async () => {
    await pushLog.close();
    await Promise.all([postgres.close(), redis.close(), rm(folder, { recursive: true, force: true })]);
  });

  it('holds in bits for random entities and instants, every type, ages at the ttl\'s edge, late rows, ties, tombstones, and what is computed on demand, by each way to join', () =>
    fc.assert(fc.asyncProperty(sample, async (given) => {
      const run = `run${runs++}`;
      const { selection } = definitionsOf(run);
      await createTables(run, given);
      const served = await serve(selection, given, async (asOf) => {
        for (const view of selection.views) {
          const newest = await postgres.warehouse.newestRows({ view, startMicros: NOON - 24 * HOUR, endMicros: asOf, slice: { index: 0, count: 1 } });
          for await (const batch of newest.batches) await store.write(view, batch);
        }
      });
      await compare(run, selection, given, served);
    }), { numRuns: 4, endOnFailure: true }));

  it('holds as well where rows come by pushes beside incremental and full runs: late ones, corrections, tombstones, and runs that find nothing new', () =>
    fc.assert(fc.asyncProperty(sample, history, async (given, { pushedTyped, pushedPlain, runs: chosen, latenessSeconds }) => {
      const run = `run${runs++}`;
      const { repository, selection } = definitionsOf(run, latenessSeconds);
      await createTables(run, given);
      // A pushed row has a created timestamp of its own, or an event that no other row has: of rows that agree in both, the store keeps the first and the join the smaller (docs/adr/0007-newer-wins.md).
      const own = (index: number): Micros => 10 * (index + 1);
      const arrivals: Arrival[] = [
        ...pushedTyped.map(([id, event, later, values], index) => ({ view: `${run}_typed`, at: event + later + own(index), row: pushedRow(id, values, event, { created: event + later + own(index) }) })),
        ...pushedPlain.map(([id, event, deleted, value], index) => ({ view: `${run}_plain`, at: event + own(index), row: pushedRow(id, [value], event + own(index), { deleted }) })),
      ];
      const upTo = createReplay({ repository, views: selection.views, warehouse: postgres.warehouse, pushLog, store }, arrivals);
      let step = 0;
      const served = await serve(selection, given, (asOf) => upTo(asOf, chosen[step++]!));
      await upTo(NOON + 12 * HOUR, 'incremental'); // what comes after the last look is in the table, too
      await compare(run, selection, given, served);
    }), { numRuns: 6, endOnFailure: true }));

  /** Joins offline, by each strategy, and holds each value against what was served. */
  async function compare(run: string, selection: FeatureSelection, { asked }: Given, served: ReadonlyMap<string, FeatureValue>): Promise<void> {
    const spine = await postgres.warehouse.writeSpine({
      name: run, query: { sql: `SELECT * FROM feature_mart.${run}_asked`, values: [] }, entityColumns: ['id'], timestampColumn: 'event_timestamp', asOfMicros: NOON + 24 * HOUR, expiresAtMicros: NOON + 48 * HOUR,
    });
    for (const strategy of JOIN_STRATEGIES) {
      const joined = await postgres.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection, strategy });
      const rows = addOnDemandFeatures({ ...joined, selection, timestampColumn: 'event_timestamp', load: (view) => runner.load(view) });
      assert.deepEqual(rows.schema.slice(-outputColumns(selection).length), outputColumns(selection).map(({ column, type }) => ({ name: column, type })));
      let compared = 0;
      for await (const batch of rows.batches) {
        for (let row = 0; row < batch.rowCount; row++) {
          const value = (name: string): FeatureValue => columnValue(columnOf(batch, name), row);
          const place = `${String(value('id'))} ${String(value('event_timestamp'))}`;
          for (const { column } of outputColumns(selection)) {
            const [offline, online] = [value(column), served.get(`${place} ${column}`)!];
            assert.ok(sameValue(offline, online), `${strategy}: ${column} of ${place}: ${String(offline)} in training, ${String(online)} in serving`);
          }
          compared++;
        }
      }
      assert.equal(compared, (ENTITIES + 1) * asked.length);
    }
  }

  /** Some stored features of two views, and two on-demand ones of which one needs all of them. */
  function definitionsOf(run: string, latenessSeconds?: number): { readonly repository: FeatureRepository; readonly selection: FeatureSelection } {
    const source = (name: string, more: Partial<TableSource>): TableSource => ({ name, table: `feature_mart.${name}`, timestampField: 'at', ...more });
    const [typed, plain] = [`${run}_typed`, `${run}_plain`];
    const repository: FeatureRepository = {
      entities: [{ name: 'id', joinKey: 'id', valueType: 'Int64' }],
      featureViews: [
        { name: typed, entities: ['id'], features: FEATURES, ttlSeconds: TTL_SECONDS, source: source(typed, { createdTimestampColumn: 'created' }), asKnown: true },
        { name: plain, entities: ['id'], features: [{ name: 'p', type: 'Float64' }], ttlSeconds: null, source: source(plain, { deletedColumn: 'gone', ...(latenessSeconds === undefined ? {} : { latenessSeconds }) }) },
      ],
      onDemandFeatureViews: [{
        name: 'same', inputs: [{ view: typed }, { view: plain }], request: REQUEST, asOf: true, module: 'transforms/same.ts', bundle,
        features: [...FEATURES, ...REQUEST].map(({ name, type }): Field => ({ name: `same_${name}`, type })).concat({ name: 'mixed', type: 'Array(Float64)' }),
      }],
      featureServices: [{ name: 'all', features: [{ view: 'same' }, { view: typed, features: FEATURES.slice(8).map(({ name }) => name) }] }],
    };
    const selection = selectFeatures(repository, { featureService: 'all' });
    assert.equal(selection.columns.filter(({ onlyInput }) => onlyInput === true).length, 9);
    // What a plan and a wrapped artifact keep of it is JSON.
    return { repository, selection: JSON.parse(JSON.stringify(selection)) as FeatureSelection };
  }

  type Given = typeof sample extends fc.Arbitrary<infer T> ? T : never;

  async function createTables(run: string, { typed, plain, asked, request }: Given): Promise<void> {
    const key = { name: 'id', type: 'Int64' } as const;
    const at = { name: 'at', type: 'Timestamp' } as const;
    await postgres.createTable(`feature_mart.${run}_typed`, [key, at, { name: 'created', type: 'Timestamp' }, ...FEATURES], typed.map(([id, event, later, values]) => [BigInt(id), event, event + later, ...values]));
    await postgres.createTable(`feature_mart.${run}_plain`, [key, at, { name: 'gone', type: 'Bool' }, { name: 'p', type: 'Float64' }], plain.map(([id, event, gone, value]) => [BigInt(id), event, gone, value]));
    // One entity has no rows at all.
    const rows = asked.flatMap((as) => Array.from({ length: ENTITIES + 1 }, (_, id) => [BigInt(id), as, ...request]));
    await postgres.createTable(`feature_mart.${run}_asked`, [key, { name: 'event_timestamp', type: 'Timestamp' }, ...REQUEST], rows);
  }

  /** Entity, instant and column -> value: the store is brought up to each instant in turn, and read as of it. */
  async function serve(selection: FeatureSelection, { asked, request }: Given, bringUpTo: (asOf: Micros) => Promise<void>): Promise<ReadonlyMap<string, FeatureValue>> {
    const plan = planOnlineRead(selection, (view) => runner.load(view));
    assert.deepEqual(requestColumns(selection), REQUEST);
    const requested = Object.fromEntries(REQUEST.map(({ name }, index) => [name, request[index] as FeatureValue]));
    const served = new Map<string, FeatureValue>();
    for (const asOf of [...asked].sort((a, b) => a - b)) {
      await bringUpTo(asOf);
      const ids = Array.from({ length: ENTITIES + 1 }, (_, id) => [BigInt(id)]);
      const answers = await store.read(plan.reads.map(({ view, features }) => ({ view, features, entityKeys: ids })));
      ids.forEach(([id], row) => {
        const found = findFeatures(plan, { stored: answers.map((rows) => rows[row]), request: requested, asOf, where: `row ${row}` });
        plan.columns.forEach((column, index) => served.set(`${id} ${asOf} ${column}`, found[index]!.value));
      });
    }
    return served;
  }
});
