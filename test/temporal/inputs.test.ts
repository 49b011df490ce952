import assert from 'node:assert/strict';
import { check, toProblem } from '../../domain/validation/shape.ts';
import { backfillFeaturesInput, materializeFeaturesInput, trainModelInput, written } from '../../temporal/inputs.ts';

describe('inputs of workflows', () => {
  const problems = (shape: typeof materializeFeaturesInput, input: object): readonly string[] => check(shape, input).issues.map(toProblem).map(({ path, message }) => `${path} ${message}`);

  it('have instants of the years 1700 to 2254', () => {
    assert.deepEqual(problems(materializeFeaturesInput, { start: '1699-12-31T23:59:59Z', end: '2255-01-01T00:00:00Z' }), [
      'start is "1699-12-31T23:59:59Z", which lies outside the years 1700 to 2254', 'end is "2255-01-01T00:00:00Z", which lies outside the years 1700 to 2254',
    ]);
  });

  it('name the zone of every instant where a client takes them, while a run that began without goes on', () => {
    const naive = { start: '2026-11-01', end: '2026-11-02T10:00' };
    assert.deepEqual(problems(materializeFeaturesInput, naive), []);
    assert.deepEqual(problems(written(materializeFeaturesInput), naive), ['start is "2026-11-01", which has no time zone', 'end is "2026-11-02T10:00", which has no time zone']);
    assert.equal(check(written(backfillFeaturesInput), naive).issues.length, 2);
    assert.equal(check(written(trainModelInput), { recipe: 'a', as_of: '2026-11-01' }).issues.length, 1);
    assert.deepEqual(problems(written(materializeFeaturesInput), { start: '2026-11-01T00:00:00Z', end: '2026-11-02T10:00+09:00' }), []);
  });
});
