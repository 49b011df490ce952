import assert from 'node:assert/strict';
import { oldestServed } from '../../../domain/features/oldest-served.ts';
import { BEGINNING } from '../../../domain/instant.ts';

describe('The oldest event that may be served', () => {
  it('is older than the instant by the ttl, and never before the beginning of time', () => {
    assert.equal(oldestServed({ ttlSeconds: 60 }, 1e15), 1e15 - 60e6);
    assert.equal(oldestServed({ ttlSeconds: 0.0000014 }, 1e15), 1e15 - 1, 'in whole microseconds');
    assert.equal(oldestServed({ ttlSeconds: 1e15 }, 1e15), BEGINNING);
  });

  it('is the beginning of time where values do not age', () => {
    assert.equal(oldestServed({ ttlSeconds: null }, 1e15), BEGINNING);
  });
});
