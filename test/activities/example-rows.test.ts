import assert from 'node:assert/strict';
import { exampleRows, withRequested } from '../../activities/example-rows.ts';
import type { RecordBatch } from '../../domain/data/columns.ts';
import type { InputColumn } from '../../domain/model/preprocessor.ts';

const INPUTS: readonly InputColumn[] = [{ name: 'speed', type: 'number', origin: 'feature' }, { name: 'carrier', type: 'string', origin: 'entity' }];

describe('The example rows of a model', () => {
  it('are the fullest five rows of the last batch: inputs as the model sees them, what else a request names as text', async () => {
    const rows = 7;
    const batch: RecordBatch = {
      rowCount: rows,
      columns: [
        { name: 'speed', type: 'Float64', values: Float64Array.of(0.1, 2, 3, 4, 5, 6, 7), nulls: Uint8Array.of(0, 1, 0, 0, 0, 0, 0) },
        { name: 'carrier', type: 'String', values: Array<string>(rows).fill('AA'), nulls: null },
        { name: 'plane', type: 'Int64', values: BigInt64Array.from({ length: rows }, (_, row) => 2n ** 53n + BigInt(row)), nulls: null },
        { name: 'seats', type: 'Int32', values: Int32Array.from({ length: rows }, (_, row) => 100 + row), nulls: null },
      ],
    };
    const columns = withRequested(INPUTS, { entities: ['carrier', 'plane'], request: ['speed', 'seats'] });
    async function* batches(): AsyncIterable<RecordBatch> {
      yield { rowCount: 0, columns: batch.columns };
      yield batch;
    }
    const examples = await exampleRows(columns, batches());
    assert.equal(examples.length, 5);
    assert.deepEqual(examples.slice(0, 2), [{ speed: Math.fround(0.1), carrier: 'AA', plane: '9007199254740992', seats: '100' }, { speed: 3, carrier: 'AA', plane: '9007199254740994', seats: '102' }]);
  });

  it('are none where there is no row', async () => {
    async function* none(): AsyncIterable<RecordBatch> {
      yield { rowCount: 0, columns: [] };
    }
    assert.deepEqual(await exampleRows(INPUTS, none()), []);
  });
});
