import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MOST_PARTITIONS, partOf, sliceLayout, slicePartitions } from '../../../adapters/bigquery/slice-layout.ts';

const counts = fc.record({ rows: fc.nat(10_000_000_000), slices: fc.integer({ min: 1, max: 32 }), chunk: fc.nat(5).map((power) => 8192 * 2 ** power) });

describe('the layout of a result in slices', () => {
  it('has a part for every row that is expected, in not more partitions than a job may write', () => {
    fc.assert(fc.property(counts, ({ rows, slices, chunk }) => {
      const layout = sliceLayout(rows, slices, chunk);
      assert.ok(slices * layout.parts <= MOST_PARTITIONS && layout.parts >= 1);
      assert.ok(layout.parts * layout.partRows >= Math.ceil(rows / slices), 'a slice fits into its parts');
      assert.ok((layout.parts - 1) * layout.partRows < Math.max(1, Math.ceil(rows / slices)), 'none of them is left empty');
      assert.deepEqual(slicePartitions(layout), { rangePartitioning: { field: 'part', range: { start: '0', end: String(slices * layout.parts), interval: '1' } } });
    }));
  });

  it('puts all rows of a chunk into one part of their own slice, also those that nobody expected', () => {
    fc.assert(fc.property(counts, fc.nat(31), fc.nat(100_000), ({ rows, slices, chunk }, one, nth) => {
      const layout = sliceLayout(rows, slices, chunk);
      const slice = one % slices;
      const part = partOf(layout, slice, nth * chunk);
      assert.equal(partOf(layout, slice, nth * chunk + chunk - 1), part);
      assert.equal(Math.floor(part / layout.parts), slice);
    }));
  });
});
