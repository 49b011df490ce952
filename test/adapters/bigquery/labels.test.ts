import assert from 'node:assert/strict';
import { legalLabels } from '../../../adapters/bigquery/labels.ts';

describe('labels of BigQuery', () => {
  it('are small letters, digits, _ and -, of 63 characters at most, with a letter first in keys', () => {
    assert.deepEqual(legalLabels({ Team: 'Data Science', '1st': 'x', none: undefined, step: 'é'.repeat(70), 'a.b': '' }), { team: 'data_science', l1st: 'x', step: '_'.repeat(63), a_b: '' });
  });
});
