import assert from 'node:assert/strict';
import { parseCron } from '../../../domain/schedules/cron.ts';
import { dueTimes, longestGap } from '../../../domain/schedules/cron-times.ts';

const timesOf = (expression: string) => {
  const { times, faults } = parseCron(expression);
  assert.deepEqual(faults, [], expression);
  return times!;
};
const seconds = (text: string): number => Date.parse(text) / 1000;
const due = (expression: string, zone: string, from: string, count: number): readonly string[] => {
  const found: string[] = [];
  for (const at of dueTimes(timesOf(expression), zone, seconds(from))) {
    if (found.length === count) break;
    found.push(new Date(at * 1000).toISOString().slice(0, 16));
  }
  return found;
};
const gap = (expression: string, zone = 'UTC'): number => longestGap(timesOf(expression), zone, seconds('2026-11-23T10:00:00Z'))! / 3600;

describe('a cron expression', () => {
  it('is five fields of numbers, names, lists, ranges and steps', () => {
    assert.deepEqual(timesOf('*/20 1,5-7 * JAN-mar *'), { kind: 'calendar', minutes: [0, 20, 40], hours: [1, 5, 6, 7], daysOfMonth: Array.from({ length: 31 }, (_, i) => i + 1), months: [1, 2, 3], daysOfWeek: [0, 1, 2, 3, 4, 5, 6] });
    const days = (expression: string) => (timesOf(expression) as { daysOfWeek: readonly number[] }).daysOfWeek;
    assert.deepEqual([days('0 0 * * mon-fri'), days('0 0 * * 5-7'), days('0 0 * * 0,7'), days('0 0 ? * 3/2')], [[1, 2, 3, 4, 5], [0, 5, 6], [0], [3, 5]]);
  });

  it('may be a shorthand, or an interval', () => {
    assert.deepEqual(timesOf('@daily'), timesOf('0 0 * * *'));
    assert.deepEqual(timesOf('@every 90m'), { kind: 'interval', everySeconds: 5400 });
  });

  for (const [expression, position, message] of [
    ['61 * * * *', 1, /minute "61" is not a number from 0 to 59/], ['0 1,24 * * *', 5, /hour "24"/], ['0 0 1-32 * *', 7, /day of month "32"/], ['0 0 * foo *', 7, /month "foo".* nor one of jan/], ['0 0 * *', 7, /4 fields, not five/],
    ['0 0 5-2 * *', 5, /ends before it begins/], ['*/0 * * * *', 3, /step of minute/], ['0 0 1 * mon', 9, /both/], ['@dayly', 1, /Did you mean "@daily"/], ['@every 0s', 8, /more than 0/], ['@every day', 7, /@every 15m/], ['', 1, /0 fields/], ['0 1--2 * * *', 3, /no range/], ['0 -1 * * *', 3, /hour ""/],
  ] as const) {
    it(`${JSON.stringify(expression)} is refused at character ${position}`, () => {
      const { times, faults } = parseCron(expression);
      assert.deepEqual([times, faults.length, faults[0]!.position], [undefined, 1, position], JSON.stringify(faults));
      assert.match(faults[0]!.message, message);
    });
  }

  it('is told of all its faults at once', () => assert.deepEqual(parseCron('61 24 0 13 8').faults.map(({ position }) => position), [1, 4, 7, 9, 12]));
});

describe('the times of a cron expression', () => {
  it('are those of the zone\'s clock', () => {
    assert.deepEqual(due('30 2 * * *', 'UTC', '2026-11-23T02:30:00Z', 2), ['2026-11-24T02:30', '2026-11-25T02:30']);
    assert.deepEqual(due('0 9 * * mon', 'Asia/Seoul', '2026-11-23T10:00:00Z', 2), ['2026-11-30T00:00', '2026-12-07T00:00']);
    assert.deepEqual(due('0 0 29 2 *', 'UTC', '2026-11-23T10:00:00Z', 1), ['2028-02-29T00:00']);
  });

  it('leave out what the clock leaves out in spring, and come twice with what it shows twice in autumn', () => {
    assert.deepEqual(due('30 2 * * *', 'Europe/Berlin', '2026-03-27T12:00:00Z', 3), ['2026-03-28T01:30', '2026-03-30T00:30', '2026-03-31T00:30']);
    assert.deepEqual(due('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 3), ['2026-10-25T00:30', '2026-10-25T01:30', '2026-10-26T01:30']);
  });

  it('are none for a day that no calendar has', () => assert.deepEqual(due('0 0 30 2 *', 'UTC', '2026-11-23T10:00:00Z', 1), []));

  it('have a longest gap, changes of the clock included', () => {
    assert.deepEqual([gap('0 * * * *'), gap('0 2 * * *'), gap('0 2 * * 1-5'), gap('0 2,3,14 * * *'), gap('@every 90m')], [1, 24, 72, 12, 1.5]);
    assert.equal(gap('0 12 * * *', 'Europe/Berlin'), 25);
    assert.equal(gap('30 2 * * *', 'Europe/Berlin'), 47, 'left out in one night');
    assert.equal(gap('0 * * * *', 'Europe/Berlin'), 1);
    assert.equal(gap('0 0 29 2 *'), 24 * (3 * 365 + 366));
  });

  it('have the gaps that their own list has', () => {
    for (const [expression, zone] of [['*/20 8-18 * * 1-5', 'America/New_York'], ['15 1,2,3 1,15 * *', 'Europe/Berlin'], ['0 0 * * *', 'Asia/Kathmandu']] as const) {
      const times = timesOf(expression);
      let [last, longest]: [number | undefined, number] = [undefined, 0];
      for (const at of dueTimes(times, zone, seconds('2026-11-23T10:00:00Z'))) {
        if (last !== undefined) longest = Math.max(longest, at - last);
        last = at;
      }
      assert.equal(longestGap(times, zone, seconds('2026-11-23T10:00:00Z')), longest, expression);
    }
  });
});
