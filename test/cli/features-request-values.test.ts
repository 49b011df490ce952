import assert from 'node:assert/strict';
import { requestValues } from '../../cli/commands/features/request-values.ts';
import { readNow } from '../../cli/commands/features/stored-values.ts';
import type { FeatureSelection } from '../../domain/features/snapshot.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { testView } from '../contracts/online-rows.ts';

const view = testView('plane', [{ name: 'tailnum', type: 'String' }], [{ name: 'seats', type: 'Int64' }], 60);
const selection: FeatureSelection = {
  views: [view],
  columns: [{ view: 'plane', feature: 'seats', column: 'plane__seats', onlyInput: true }],
  onDemand: [{
    name: 'size', inputs: [{ view: 'plane', feature: 'seats', column: 'plane__seats', type: 'Int64' }], request: [{ name: 'miles', type: 'Int64' }, { name: 'legs', type: 'Array(Int32)' }], asOf: false,
    outputs: [{ feature: 'seat_miles', column: 'seat_miles', type: 'Int64' }], source: '', sha256: '',
  }],
};
const store = { read: () => Promise.resolve([[{ eventTimestampMicros: 1_000_000, values: [100n] }]]) } as unknown as OnlineStore;
const transformRunner = { load: () => (row: Readonly<Record<string, unknown>>) => ({ seat_miles: row['seats'] === null ? null : (row['seats'] as bigint) * (row['miles'] as bigint) }) };

describe('features get with request columns', () => {
  it('takes them as text, canonical, with an empty value for what is not known', () => {
    assert.deepEqual(requestValues(selection, { miles: '9007199254740993', legs: '[1, 2]' }), { miles: 9007199254740993n, legs: [1, 2] });
    assert.deepEqual(requestValues(selection, { miles: '', legs: '' }), { miles: null, legs: null });
  });

  it('tells every column that is unknown, missing or of another type', () => {
    assert.throws(() => requestValues(selection, { mils: '1', legs: 'one' }), /--request mils: None of these features is computed from it\. Did you mean "miles"\?[^]*--request miles: The request column miles \(Int64\) has no value[^]*--request legs: It does not fit Array\(Int32\): it is not JSON/);
  });

  it('shows what is computed, without the stored feature that it needs; one that is too old counts as missing', async () => {
    const read = async (asOf: number) => (await readNow({ onlineStore: store, transformRunner }, selection, { rows: [{ columns: { tailnum: 'N1' }, text: 'tailnum=N1' }], request: { miles: 5n, legs: null }, asOf }))[0]!.map(({ view: name, feature, value, status, eventMicros }) => [name, feature, value, status, eventMicros]);
    assert.deepEqual(await read(61_000_000), [['size', 'seat_miles', 500n, 'PRESENT', undefined]]);
    assert.deepEqual(await read(61_000_001), [['size', 'seat_miles', null, 'NULL_VALUE', undefined]]);
  });
});
