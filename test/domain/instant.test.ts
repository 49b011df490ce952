import assert from 'node:assert/strict';
import { EARLIEST, LATEST, formatInstant, instantProblem, parseInstant, writtenInstantProblem } from '../../domain/instant.ts';

describe('an instant that somebody writes down', () => {
  it('names its zone: a clock without one, and a day alone, are refused with what to write', () => {
    for (const text of ['2026-11-01T10:00Z', '2026-11-01 10:00:00+09', '2026-11-01T10:00:00.123456-0930', ' 2026-11-01T10:00:00+09:00 ', '2026-11-01Z']) assert.equal(writtenInstantProblem(text), undefined, text);
    for (const [text, cure] of [
      ['2026-11-01', '2026-11-01T00:00:00Z'], ['2026-11-01T10:00', '2026-11-01T10:00:00Z'], ['2026-11-01 10:00:07.5 ', '2026-11-01T10:00:07.5Z'],
    ] as const) {
      const problem = writtenInstantProblem(text);
      assert.equal(problem?.message, 'has no time zone');
      assert.ok(problem.cure.includes(`Write ${cure}, or`), problem.cure);
      assert.equal(parseInstant(cure), parseInstant(text));
      assert.equal(instantProblem(text), undefined);
    }
  });

  it('lies in the years 1700 to 2254, both edges inside, where microseconds are exact', () => {
    for (const micros of [EARLIEST, LATEST - 1]) {
      assert.ok(Number.isSafeInteger(micros));
      assert.equal(writtenInstantProblem(formatInstant(micros)), undefined);
    }
    for (const text of [formatInstant(EARLIEST - 1), formatInstant(LATEST), '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z']) assert.match(instantProblem(text)?.message ?? '', /1700 to 2254/);
    for (const text of ['yesterday', '2026-02-30T00:00:00Z', '']) assert.match(instantProblem(text)?.message ?? '', /not an instant/);
  });
});
