import assert from 'node:assert/strict';
import fc from 'fast-check';
import { toBatches } from '../../../adapters/mlflow-rest/batches.ts';

const entry = fc.record({ key: fc.string({ minLength: 1, maxLength: 20 }), value: fc.oneof(fc.string(), fc.constantFrom('x'.repeat(6000), 'ü'.repeat(6000), '"'.repeat(8000))) });
const metric = fc.record({ key: fc.constantFrom('a', 'b'), value: fc.double({ noNaN: true, noDefaultInfinity: true }), timestamp: fc.nat(), step: fc.nat() });

describe('batches for log-batch', () => {
  it('keep to all of MLflow\'s limits, lose nothing, and keep the order', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 350 }), fc.array(metric, { maxLength: 50 }), fc.nat({ max: 60 }), fc.array(entry, { maxLength: 220 }), (params, some, times, tags) => {
        const metrics = Array.from({ length: times }, (_, copy) => some.map((point) => ({ ...point, step: point.step + copy * 1e6 }))).flat();
        const batches = toBatches({ params, metrics, tags });
        for (const batch of batches) {
          assert.ok(batch.params.length <= 100 && batch.metrics.length <= 1000 && batch.tags.length <= 100);
          assert.ok(batch.params.length + batch.metrics.length + batch.tags.length <= 1000);
          const escaped = JSON.stringify({ run_id: 'f'.repeat(32), ...batch }).replace(/[^\0-\x7f]/g, '\\u0000');
          assert.ok(escaped.length <= 1_000_000, `${escaped.length} characters`);
        }
        assert.deepEqual(batches.flatMap((batch) => batch.params), params);
        assert.deepEqual(batches.flatMap((batch) => batch.tags), tags);
        assert.deepEqual(batches.flatMap((batch) => batch.metrics), [...new Map(metrics.map((point) => [JSON.stringify(point), point])).values()]);
      }),
      { numRuns: 40 },
    );
  });

  it('are as few as the limits allow, and none for nothing', () => {
    const points = Array.from({ length: 2500 }, (_, step) => ({ key: 'loss', value: 1, timestamp: 0, step }));
    assert.deepEqual(toBatches({ params: [], metrics: points, tags: [] }).map((batch) => batch.metrics.length), [1000, 1000, 500]);
    assert.deepEqual(toBatches({ params: [], metrics: [], tags: [] }), []);
    assert.equal(toBatches({ params: [{ key: 'a', value: '1' }], metrics: points.slice(0, 900), tags: [{ key: 'b', value: '2' }] }).length, 1);
  });
});
