import assert from 'node:assert/strict';
import fc from 'fast-check';
import { calendarDay, weeksIntoLastFullWeek } from '../../domain/time-shift.ts';

const NEW_YORK = 'America/New_York';
const micros = (text: string): number => Date.parse(text) * 1000;
const DAY = 86_400_000_000;

describe('weeksIntoLastFullWeek', () => {
  it('puts the present into the last Monday to Sunday that the data hold whole', () => {
    assert.equal(weeksIntoLastFullWeek(micros('2013-12-25T12:00:00Z'), '2013-12-31', NEW_YORK), 0);
    assert.equal(weeksIntoLastFullWeek(micros('2026-11-23T12:00:00Z'), '2013-12-31', NEW_YORK), 674);
  });

  it('counts days by the clocks of the zone: Monday begins five hours after Greenwich', () => {
    assert.equal(weeksIntoLastFullWeek(micros('2026-11-23T04:59:59Z'), '2013-12-31', NEW_YORK), 673);
    assert.equal(weeksIntoLastFullWeek(micros('2026-11-23T05:00:00Z'), '2013-12-31', NEW_YORK), 674);
  });

  it('counts a week that ends on the last day as full, and one that ends a day later not', () => {
    assert.equal(weeksIntoLastFullWeek(micros('2013-12-25T12:00:00Z'), '2013-12-29', NEW_YORK), 0);
    assert.equal(weeksIntoLastFullWeek(micros('2013-12-25T12:00:00Z'), '2013-12-28', NEW_YORK), 1);
  });

  it('leaves between one and seven days of data after the week of now, whatever the instant and the last day', () => {
    const instants = fc.date({ min: new Date('1990-01-01T00:00:00Z'), max: new Date('2090-01-01T00:00:00Z'), noInvalidDate: true });
    fc.assert(
      fc.property(instants, instants, (now, last) => {
        const lastDay = last.toISOString().slice(0, 10);
        const weeks = weeksIntoLastFullWeek(now.getTime() * 1000, lastDay, NEW_YORK);
        const today = micros(`${calendarDay(now.getTime() * 1000, NEW_YORK)}T00:00:00Z`);
        const shiftedLast = micros(`${lastDay}T00:00:00Z`) + weeks * 7 * DAY;
        const sunday = today + ((7 - new Date(today / 1000).getUTCDay()) % 7) * DAY;
        assert.ok(Number.isInteger(weeks));
        assert.ok(sunday <= shiftedLast && shiftedLast < sunday + 7 * DAY);
      }),
    );
  });

  it('refuses a last day that is no day', () => {
    assert.throws(() => weeksIntoLastFullWeek(0, '2013-13-01', NEW_YORK), RangeError);
  });
});
