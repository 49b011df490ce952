import assert from 'node:assert/strict';
import { auditOffline, auditOnline, type StoredRow } from '../../../domain/features/online-audit.ts';
import type { SourceRow } from '../../../domain/features/point-in-time.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';

const VIEW: FeatureViewSnapshot = {
  name: 'v', joinKeys: [{ name: 'k', type: 'Int64' }], features: [{ name: 'a', type: 'Float64' }, { name: 'b', type: 'String' }], ttlSeconds: 100, online: true, asKnown: false,
  source: { name: 'v', table: 'feature_mart.v', timestampField: 'at' },
};
const [NOW, WATERMARK] = [1_000_000_000, 990_000_000];
const instants = { asOfMicros: NOW, watermarkMicros: WATERMARK, nowMicros: NOW + 1_000_000 };
const offline = (event: number, values: readonly FeatureValue[], created: number | null = null): SourceRow => ({ keys: [1n], eventTimestampMicros: event, createdTimestampMicros: created, values });
const online = (event: number | undefined, values: readonly FeatureValue[], created: number | null = null): StoredRow => ({ eventTimestampMicros: event, values, createdTimestampMicros: created });

describe('the comparison of an online row with the offline one', () => {
  const kind = (row: SourceRow, stored: StoredRow): unknown => {
    const found = auditOffline(VIEW, row, stored, instants);
    return typeof found === 'object' ? found.kind : found;
  };

  it('finds nothing where both serve the same', () => {
    assert.equal(kind(offline(5, [1, 'x']), online(5, [1, 'x'])), undefined);
    assert.equal(kind(offline(5, [Number.NaN, null]), online(5, [Number.NaN, null])), undefined);
    assert.equal(kind(offline(5, [null, null]), online(undefined, [null, null])), undefined, 'deleted offline, never there online');
  });

  it('names each difference, with the features that differ', () => {
    assert.equal(kind(offline(5, [1, 'x']), online(undefined, [null, null])), 'missing');
    assert.equal(kind(offline(5, [1, 'x']), online(4, [1, 'x'])), 'stale');
    assert.equal(kind(offline(5, [1, 'x']), online(6, [1, 'x'])), 'gone');
    assert.deepEqual(auditOffline(VIEW, offline(5, [0, 'x']), online(5, [-0, 'x']), instants), {
      kind: 'different', keys: [1n], offlineEventMicros: 5, onlineEventMicros: 5, features: [{ feature: 'a', offline: 0, online: -0 }],
    });
  });

  it('leaves to the next materialization what came since the last one', () => {
    assert.equal(kind(offline(WATERMARK + 1, [1, 'x']), online(undefined, [null, null])), 'pending');
    assert.equal(kind(offline(WATERMARK, [1, 'x']), online(undefined, [null, null])), 'missing');
    assert.equal(kind(offline(5, [1, 'x'], WATERMARK + 1), online(4, [1, 'x'])), 'pending');
    assert.equal(auditOffline(VIEW, offline(5, [1, 'x']), online(undefined, [null, null]), { ...instants, watermarkMicros: undefined }), 'pending');
  });

  it('tells apart what is online of a time after the look, which no materialization changes', () => {
    assert.equal(kind(offline(5, [1, 'x']), online(NOW + 1, [1, 'x'])), 'later');
    assert.equal(kind(offline(WATERMARK + 1, [1, 'x']), online(NOW + 1, [1, 'x'])), 'later');
    assert.equal(kind(offline(5, [1, 'x']), online(6, [2, 'x'], NOW + 1)), 'later', 'pushed after the look began');
    assert.equal(kind(offline(5, [1, 'x']), online(6, [2, 'x'], NOW)), 'gone');
  });
});

describe('a row online whose event has not happened yet', () => {
  const ahead = instants.nowMicros + 5_000_001;

  it('is told from all others, whatever it holds and however little the clocks differ beyond five seconds', () => {
    for (const values of [[1, 'x'], [2, 'y'], [null, null]]) {
      assert.deepEqual((auditOffline(VIEW, offline(5, [1, 'x']), online(ahead, values), instants) as { kind: string }).kind, 'ahead');
      assert.equal(auditOnline(VIEW, [1n], online(ahead, values), instants)?.kind, 'ahead');
    }
    assert.equal(auditOffline(VIEW, offline(5, [1, 'x']), online(ahead - 1, [2, 'x']), instants), 'later');
    assert.equal(auditOnline(VIEW, [1n], online(ahead - 1, [2, 'x']), instants), undefined);
    assert.equal((auditOffline(VIEW, offline(WATERMARK + 1, [1, 'x']), online(ahead, [1, 'x']), { ...instants, watermarkMicros: undefined }) as { kind: string }).kind, 'ahead');
  });
});

describe('a look at a row that is online and not offline', () => {
  const isExtra = (stored: StoredRow): boolean => auditOnline(VIEW, [1n], stored, instants) !== undefined;

  it('finds a value that is served', () => {
    assert.ok(isExtra(online(NOW - 100_000_000, [1, null])), 'the edge of the ttl is inside');
  });

  it('passes over what is served as missing: too old, all null, or removed meanwhile', () => {
    assert.ok(!isExtra(online(NOW - 100_000_001, [1, 'x'])));
    assert.ok(!isExtra(online(NOW, [null, null])));
    assert.ok(!isExtra(online(undefined, [null, null])));
    assert.ok(!isExtra(online(NOW, [1, 'x'], NOW + 1)), 'pushed after the look began');
  });
});
