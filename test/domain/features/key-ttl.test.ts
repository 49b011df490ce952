import assert from 'node:assert/strict';
import { keyTtlProblems } from '../../../domain/features/key-ttl.ts';

describe('The lifetime of keys', () => {
  const nightly = { name: 'nightly', longestGapSeconds: 86_400 };

  it('must be longer than the time between two runs of a schedule, by the tenth that a run may leave unrenewed', () => {
    assert.deepEqual(keyTtlProblems(96_001, [nightly]), []);
    for (const seconds of [96_000, 86_400, 3600]) {
      const [problem] = keyTtlProblems(seconds, [{ name: 'hourly', longestGapSeconds: 1800 }, nightly]);
      assert.equal(problem?.path, 'online_store.key_ttl_seconds');
      assert.match(problem.message, new RegExp(`after ${seconds} s, of which a run leaves ${seconds * 0.9} s or more, but schedule "nightly" lets up to 86400 s pass`));
    }
  });

  it('may be anything where nothing is scheduled, and no end fits every schedule', () => {
    assert.deepEqual([keyTtlProblems(1, []), keyTtlProblems(null, [nightly])], [[], []]);
  });
});
