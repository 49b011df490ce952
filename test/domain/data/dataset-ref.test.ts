import assert from 'node:assert/strict';
import { totalUsage } from '../../../domain/data/dataset-ref.ts';

describe('what queries cost', () => {
  it('is added up where it is known, and unknown where nothing is', () => {
    assert.deepEqual(totalUsage([{ bytesProcessed: 1, bytesBilled: 10 }, undefined, { bytesProcessed: 2, bytesBilled: 20 }]), { bytesProcessed: 3, bytesBilled: 30 });
    assert.equal(totalUsage([undefined]), undefined);
  });
});
