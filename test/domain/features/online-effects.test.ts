import assert from 'node:assert/strict';
import { onlineEffect } from '../../../domain/features/online-effects.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';

const view: FeatureViewSnapshot = {
  name: 'weather',
  joinKeys: [{ name: 'origin', type: 'String' }],
  features: [{ name: 'temp', type: 'Float64' }, { name: 'wind', type: 'Float64' }],
  ttlSeconds: 60,
  source: { name: 's', table: 'a.b', timestampField: 't', createdTimestampColumn: 'c' },
  online: true,
  asKnown: false,
};
const [temp, wind] = view.features as [FeatureViewSnapshot['features'][number], FeatureViewSnapshot['features'][number]];
const source = (change: object): Partial<FeatureViewSnapshot> => ({ source: { ...view.source, ...change } });

describe('What a change of a feature view does to its online values', () => {
  const cases: readonly (readonly [string, Partial<FeatureViewSnapshot>, RegExp, { readonly removes: boolean; readonly again: boolean }])[] = [
    ['another type', { features: [{ name: 'temp', type: 'Int64' }, wind] }, /^temp becomes Int64 \(was Float64\): its values are removed/, { removes: true, again: true }],
    ['other join keys', { joinKeys: [{ name: 'origin', type: 'Int64' }] }, /^its join keys change: its values are removed/, { removes: true, again: true }],
    ['another table', source({ table: 'a.c' }), /^it reads a\.c \(was a\.b\): its values are removed/, { removes: true, again: true }],
    ['another event timestamp', source({ timestampField: 'u' }), /event timestamps are in u/, { removes: true, again: true }],
    ['another column', source({ fieldMapping: { celsius: 'temp' } }), /temp is read from column celsius/, { removes: true, again: true }],
    ['tombstones', source({ deletedColumn: 'gone' }), /other rows delete/, { removes: true, again: true }],
    ['no place online any more', { online: false }, /^its values are removed: it is not online any more$/, { removes: true, again: false }],
    ['one more feature', { features: [temp, wind, { name: 'humid', type: 'Float64' }] }, /^humid: missing until it is materialized again$/, { removes: false, again: true }],
    ['one feature less', { features: [wind] }, /^temp: values stay, unread/, { removes: false, again: false }],
    ['a longer ttl', { ttlSeconds: null }, /missing until it is materialized again/, { removes: false, again: true }],
    ['a shorter ttl', { ttlSeconds: 30 }, /count as missing/, { removes: false, again: false }],
  ];
  for (const [what, change, effect, { removes, again }] of cases) {
    it(`is told for ${what}`, () => {
      const found = onlineEffect(view, { ...view, ...change }) ?? assert.fail('no effect');
      assert.match(found.effect, effect);
      assert.deepEqual([found.view, found.removesValues, found.needsMaterialization], ['weather', removes, again]);
    });
  }

  it('is told for a view that comes or goes', () => {
    assert.match(onlineEffect(undefined, view)?.effect ?? '', /no values until it is materialized/);
    assert.deepEqual(onlineEffect(view, undefined), { view: 'weather', effect: 'its values are removed', removesValues: true, needsMaterialization: false });
  });

  it('is nothing for words, order, created timestamps, and views that are not online', () => {
    assert.equal(onlineEffect(view, { ...view, features: [wind, { ...temp, description: 'Degrees' }], asKnown: true, source: { name: 'other', table: 'a.b', timestampField: 't' } }), undefined);
    assert.equal(onlineEffect({ ...view, online: false }, { ...view, online: false, joinKeys: [] }), undefined);
    assert.equal(onlineEffect({ ...view, online: false }, undefined), undefined);
  });
});
