import assert from 'node:assert/strict';
import { compareValues, pointInTimeJoin } from '../../../domain/features/point-in-time.ts';
import type { JoinRules, SourceRow } from '../../../domain/features/point-in-time.ts';

const FOREVER: JoinRules = { ttlSeconds: null, asKnown: false };
const row = (name: string, event: number | null, created: number | null = null, key: string | null = 'a'): SourceRow => ({ keys: [key], eventTimestampMicros: event, createdTimestampMicros: created, values: [name] });
const pick = (rules: JoinRules, source: SourceRow[], asOfMicros: number | null = 100, key: string | null = 'a') => pointInTimeJoin(rules, [{ keys: [key], asOfMicros }], source)[0]?.values[0];

describe('pointInTimeJoin', () => {
  it('takes the latest event not later than the as-of instant, that instant included', () => {
    assert.equal(pick(FOREVER, [row('old', 1), row('now', 100), row('future', 101)]), 'now');
    assert.equal(pick(FOREVER, [row('future', 101)]), undefined);
  });

  it('counts the ttl to the microsecond, its edge inside', () => {
    const ttl = { ttlSeconds: 0.00005, asKnown: false };
    assert.equal(pick(ttl, [row('edge', 50)]), 'edge');
    assert.equal(pick(ttl, [row('too old', 49)]), undefined);
    assert.equal(pick({ ttlSeconds: 0, asKnown: false }, [row('now', 100), row('before', 99)]), 'now');
  });

  it('breaks ties by the greater created timestamp, a missing one last, then by the smaller value', () => {
    assert.equal(pick(FOREVER, [row('first', 5, 6), row('corrected', 5, 7), row('undated', 5, null)]), 'corrected');
    assert.equal(pick(FOREVER, [row('b', 5), row('a', 5)]), 'a');
  });

  it('leaves out what was not known yet, and what does not say when it became known, only for views read as known', () => {
    const source = [row('late', 90, 101), row('undated', 80), row('known', 70, 100)];
    assert.equal(pick({ ttlSeconds: null, asKnown: true }, source), 'known');
    assert.equal(pick(FOREVER, source), 'late');
  });

  it('matches no missing key, instant or event timestamp', () => {
    assert.equal(pick(FOREVER, [row('x', 1, null, null)], 100, null), undefined);
    assert.equal(pick(FOREVER, [row('x', 1)], null), undefined);
    assert.equal(pick(FOREVER, [row('x', null)]), undefined);
  });

  it('compares composite keys part by part', () => {
    const source: SourceRow[] = [{ keys: ['1', '1x'], eventTimestampMicros: 1, createdTimestampMicros: null, values: ['one'] }];
    assert.deepEqual(pointInTimeJoin(FOREVER, [{ keys: ['11', 'x'], asOfMicros: 2 }, { keys: ['1', '1x'], asOfMicros: 2 }], source).map((found) => found?.values[0]), [undefined, 'one']);
  });

  it('gives one answer per spine row in spine order, duplicates included', () => {
    const spine = [{ keys: ['a'], asOfMicros: 9 }, { keys: ['b'], asOfMicros: 9 }, { keys: ['a'], asOfMicros: 9 }];
    assert.deepEqual(pointInTimeJoin(FOREVER, spine, [row('x', 1)]).map((found) => found?.values[0]), ['x', undefined, 'x']);
  });
});

describe('compareValues', () => {
  it('orders text by code point, not by UTF-16 unit', () => {
    assert.ok(compareValues('\u{1F600}', '\uFF21') > 0);
  });

  it('puts NaN above every number, equal to itself', () => {
    assert.ok(compareValues(NaN, Infinity) > 0);
    assert.equal(compareValues(NaN, NaN), 0);
  });

  it('orders bytes and big integers by value', () => {
    assert.ok(compareValues(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)) < 0);
    assert.ok(compareValues(2n ** 60n, 2n ** 60n + 1n) < 0);
  });
});
