import assert from 'node:assert/strict';
import type { RecordBatch } from '../../../domain/data/columns.ts';
import { PipelineError } from '../../../domain/errors.ts';
import { defineEntity, defineFeatureRepository, defineFeatureService, defineFeatureView } from '../../../domain/features/define.ts';
import { defineOnDemandFeatureView } from '../../../domain/features/define-on-demand.ts';
import type { FeatureRepository } from '../../../domain/features/definitions.ts';
import { onDemandFunction, TransformFault, type OnDemandSnapshot } from '../../../domain/features/on-demand.ts';
import { addOnDemandFeatures } from '../../../domain/features/on-demand-rows.ts';
import { selectFeatures } from '../../../domain/features/resolve.ts';
import { outputColumns } from '../../../domain/features/snapshot.ts';

const plane = defineEntity({ name: 'plane', joinKey: 'tailnum', valueType: 'String' });
const source = (name: string) => ({ name, table: `feature_mart.${name}`, timestampField: 'event_timestamp' });
const info = defineFeatureView({ name: 'info', entities: [plane], features: [{ name: 'year', type: 'Int64' }, { name: 'seats', type: 'Int32' }, { name: 'tags', type: 'Array(String)' }], ttlSeconds: null, source: source('info') });
const stats = defineFeatureView({ name: 'stats', entities: [plane], features: [{ name: 'late', type: 'Float64' }, { name: 'year', type: 'Int64' }], ttlSeconds: null, source: source('stats') });
const definition = {
  name: 'derived',
  inputs: [{ view: info, features: ['year', 'seats', 'tags'] }, { view: stats, features: ['late'] }],
  request: [{ name: 'miles', type: 'Float64' }],
  asOf: true,
  features: [{ name: 'age', type: 'Int64' }, { name: 'first_tag', type: 'String' }],
  module: 'transforms/derived.ts',
} as const;
type Input = { readonly year: bigint | null; readonly seats: number | null; readonly tags: readonly string[] | null; readonly late: number | null; readonly miles: number | null; readonly as_of: number | null };
const transform = ({ year, tags }: Input) => ({ age: year, first_tag: tags?.[0] ?? null });
const derived = defineOnDemandFeatureView({ ...definition, transform });

const bundle = { source: '', sha256: '' };
const repository: FeatureRepository = {
  entities: [plane], featureViews: [info, stats], onDemandFeatureViews: [{ ...derived, bundle }],
  featureServices: [defineFeatureService({ name: 'all', features: [{ view: derived, features: ['age'] }, { view: info, features: ['seats'] }] })],
};

const problemsOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof PipelineError, String(error));
    return error.message;
  }
  return '';
};

describe('An on-demand feature view', () => {
  it('knows the names and types of what its function takes and gives when it is compiled', () => {
    // @ts-expect-error a name that no input has
    defineOnDemandFeatureView({ ...definition, transform: ({ yeer }: { readonly yeer: bigint | null }) => ({ age: yeer, first_tag: null }) });
    // @ts-expect-error a type that the input does not have
    defineOnDemandFeatureView({ ...definition, transform: ({ year }: { readonly year: number | null }) => ({ age: year, first_tag: null }) });
    // @ts-expect-error an input that is never missing
    defineOnDemandFeatureView({ ...definition, transform: ({ year }: { readonly year: bigint }) => ({ age: year, first_tag: null }) });
    // @ts-expect-error a feature that is not given
    defineOnDemandFeatureView({ ...definition, transform: ({ year }: Input) => ({ age: year }) });
    // @ts-expect-error a feature of another type
    defineOnDemandFeatureView({ ...definition, transform: ({ year }: Input) => ({ age: String(year), first_tag: null }) });
    // @ts-expect-error a promise
    defineOnDemandFeatureView({ ...definition, transform: async ({ year }: Input) => ({ age: year, first_tag: null }) });
    // @ts-expect-error as_of without asOf
    defineOnDemandFeatureView({ ...definition, asOf: false, transform });
    assert.deepEqual(derived.inputs, [{ view: 'info', features: ['year', 'seats', 'tags'] }, { view: 'stats', features: ['late'] }]);
  });

  it('is refused with every problem: names that stand for two values, types, empty lists, paths', () => {
    const bad = problemsOf(() => defineOnDemandFeatureView({ ...definition, inputs: [{ view: info }, { view: stats }], request: [{ name: 'late', type: 'Float64' }], transform: transform as never }));
    assert.match(bad, /what the function gets as "year" is there more than once/);
    assert.match(bad, /what the function gets as "late" is there more than once/);
    const worse = problemsOf(() => defineOnDemandFeatureView({ ...definition, features: [], request: [{ name: 'price', type: 'Decimal' }], module: 'transforms/../derived.ts', transform: 3 as never }));
    assert.match(worse, /It computes no feature/);
    assert.match(worse, /price: It is Decimal, which no column of a spine is\. Declare it as Float64\./);
    assert.match(worse, /"transforms\/\.\.\/derived\.ts" is not the path of a transform/);
    assert.match(worse, /transform: It is not a function/);
  });

  it('fits its repository: views that are there, names of its own, one type for one request column, no keys', () => {
    const other = { ...derived, name: 'Info', request: [{ name: 'miles', type: 'Int64' as const }], inputs: [{ view: 'inf' }] };
    const service = { name: 'keyed', features: [{ view: 'derived', joinKeyMap: { tailnum: 'other' } }] };
    const text = problemsOf(() => defineFeatureRepository({ ...repository, onDemandFeatureViews: [derived, other], featureServices: [service] }));
    assert.match(text, /"Info" is there more than once/);
    assert.match(text, /There is no feature view "inf" whose values are stored\. Did you mean "info"\?/);
    assert.match(text, /miles: It is Int64 here and Float64 in on-demand feature view "derived"/);
    assert.match(text, /keyed\.features\.derived: An on-demand feature view is computed once per row/);
  });

  it('brings what it needs into a read, which the reader does not get', () => {
    const selection = selectFeatures(repository, { featureService: 'all' });
    assert.deepEqual(outputColumns(selection).map(({ column, isOnDemand }) => [column, isOnDemand]), [['seats', false], ['age', true]]);
    assert.deepEqual(selection.columns.map(({ column, onlyInput = false }) => [column, onlyInput]), [['seats', false], ['info__year', true], ['info__tags', true], ['stats__late', true]]);
    assert.deepEqual(selection.views.map(({ name }) => name), ['info', 'stats']);
    assert.match(problemsOf(() => selectFeatures(repository, { features: ['derived:agee', 'deriveed:age'] })), /On-demand feature view "derived" has no feature "agee"\. Did you mean "age"\?[^]*no feature view "deriveed"\. Did you mean "derived"\?/);
    assert.match(problemsOf(() => selectFeatures({ ...repository, featureViews: [info] }, { features: ['derived:age'] })), /"derived" cannot be computed: There is no feature view "stats"/);
    assert.match(problemsOf(() => selectFeatures({ ...repository, onDemandFeatureViews: [derived] }, { features: ['derived:age'] })), /has no bundled function/);
  });

  const snapshot = (outputs: OnDemandSnapshot['outputs']): OnDemandSnapshot => ({ name: 'mine', inputs: [{ view: 'info', feature: 'tags', column: 'tags', type: 'Array(String)' }], request: [{ name: 'n', type: 'Int64' }], asOf: true, outputs, ...bundle });
  const output = (type: OnDemandSnapshot['outputs'][number]['type']) => [{ feature: 'f', column: 'f', type }];

  it('gives canonical values, gets copies of lists, and names view, feature and row but no value where it fails', () => {
    const tags = ['b', 'a'];
    const run = onDemandFunction(snapshot(output('Float32')), (row) => ({ f: (row['tags'] as string[]).sort()[0] === 'a' ? 0.1 : 0 }));
    assert.deepEqual(run([tags, 1n, 5], 'row 0'), [Math.fround(0.1)]);
    assert.deepEqual(tags, ['b', 'a']);
    const failing = (give: () => unknown): string => problemsOf(() => onDemandFunction(snapshot(output('Int64')), give)([tags, 1n, 5], 'row 17'));
    assert.equal(failing(() => ({ f: 'secret' })), 'On-demand feature view "mine", row 17: what its function gives for f does not fit Int64: it is not a whole number.');
    assert.equal(failing(() => ({ f: undefined })), 'On-demand feature view "mine", row 17: its function gives no f (null where it is missing).');
    assert.equal(failing(() => Promise.resolve({ f: 1n })), 'On-demand feature view "mine", row 17: its function gives a promise; it must not be async.');
    assert.equal(failing(() => null), 'On-demand feature view "mine", row 17: its function gives null in place of an object with its features.');
    assert.equal(failing(() => { throw new Error('secret'); }), 'On-demand feature view "mine", row 17: its function threw an error.');
    assert.equal(failing(() => { throw new TransformFault('its function throws RangeError'); }), 'On-demand feature view "mine", row 17: its function throws RangeError.');
  });

  it('is computed batch by batch behind a join, counting rows over batches, from spine columns that fit', async () => {
    const selection = { views: [], columns: [{ view: 'info', feature: 'tags', column: 'info__tags', onlyInput: true }], onDemand: [{ ...snapshot(output('Int64')), inputs: [{ view: 'info', feature: 'tags', column: 'info__tags', type: 'Array(String)' as const }] }] };
    const batch = (n: number[], at: number[]): RecordBatch => ({ rowCount: n.length, columns: [
      { name: 'n', type: 'Int32', values: Int32Array.from(n), nulls: null },
      { name: 'at', type: 'Timestamp', values: Float64Array.from(at), nulls: null },
      { name: 'info__tags', type: 'Array(String)', values: n.map(() => ['x']), nulls: null },
    ] });
    async function* batches(): AsyncIterable<RecordBatch> {
      yield batch([1, 2], [1_999_999, -1]);
      yield batch([3], [0]);
    }
    const schema = batch([], []).columns.map(({ name, type }) => ({ name, type }));
    const rows = { schema, batches: batches(), selection, timestampColumn: 'at' };
    const joined = addOnDemandFeatures({ ...rows, load: () => (row) => ({ f: row['n'] === 3n ? 0.5 : (row['as_of'] as number) }) });
    assert.deepEqual(joined.schema.map(({ name }) => name), ['n', 'at', 'f']);
    const seen: unknown[] = [];
    await assert.rejects(async () => {
      for await (const { columns } of joined.batches) seen.push(...(columns[2]!.values as BigInt64Array));
    }, /"mine", row 2: what its function gives for f does not fit Int64/);
    assert.deepEqual(seen, [1n, -1n]);
    const typed = (type: 'String' | 'Int64') => schema.map((column) => (column.name === 'n' ? { name: 'n', type } : column));
    assert.match(problemsOf(() => addOnDemandFeatures({ ...rows, schema: typed('String'), load: () => () => ({}) })), /request column n: It is String in the spine, and Int64 in the view/);
    assert.match(problemsOf(() => addOnDemandFeatures({ ...rows, schema: [...schema.slice(1), { name: 'f', type: 'Bool' }], load: () => () => ({}) })), /The spine has a column "f", too[^]*The spine has no such column/);
  });
});
