import assert from 'node:assert/strict';
import { schedules, type ScheduleDefinition } from '../../../domain/schedules/definition.ts';
import { keyLifetimeProblems } from '../../../domain/schedules/key-lifetime.ts';
import { declaredFacts, planSchedules, type LiveSchedule } from '../../../domain/schedules/plan.ts';
import { check, toProblem } from '../../../domain/validation/shape.ts';

const read = (value: unknown): Readonly<Record<string, ScheduleDefinition>> => {
  const { value: definitions, issues } = check(schedules, value);
  assert.deepEqual(issues, []);
  return definitions;
};
const problems = (value: unknown): readonly string[] => check(schedules, value).issues.map(toProblem).map(({ path, message, cure = '' }) => `${path} ${message} ${cure}`);
const NOW = Date.parse('2026-11-23T10:00:00Z') / 1000;

describe('a declared schedule', () => {
  it('has every default filled in: an incremental materialization in UTC that is made up for', () => {
    assert.deepEqual(read({ often: { cron: '@hourly' } }), { often: { workflow: 'materializeFeatures', cron: '@hourly', time_zone: 'UTC', input: { incremental: true }, overlap: 'buffer_one', catchup_window: '7d', pause_on_failure: false } });
    assert.deepEqual(read({ one: { cron: '@hourly', input: { incremental: false } }, two: { cron: '@hourly', workflow: 'trainModel', input: { recipe: 'a' } } })['one']!.input, { incremental: false });
  });

  it('takes zones by their names in the list, and others by what they mean', () => {
    const zone = (time_zone: string): string => read({ a: { cron: '@hourly', time_zone } })['a']!.time_zone;
    assert.deepEqual([zone('UTC'), zone('Europe/Berlin'), zone('US/Pacific'), zone('europe/berlin')], ['UTC', 'Europe/Berlin', 'America/Los_Angeles', 'Europe/Berlin']);
  });

  it('is refused with all that is wrong with it', () => {
    const found = problems({ 'a b': { cron: '@hourly' }, c: { cron: 5, time_zone: 'Mars/Base', input: [], overlap: 'allow_all', catchup_window: '1w', pause_on_failure: 'no', workflow: 'train' }, d: { cron: '0 0 30 2 *', time_zone: '+01:00' }, e: {} });
    for (const expected of ['a b is "a b"', 'c.cron is 5', 'c.time_zone is "Mars/Base"', 'c.input is []', 'c.overlap is "allow_all"', 'c.catchup_window is "1w"', 'c.pause_on_failure is "no"', 'c.workflow is "train" Did you mean "trainModel"', 'd.cron is "0 0 30 2 *", which no day', 'd.time_zone is "+01:00"', 'e.cron is missing']) {
      assert.ok(found.some((line) => line.startsWith(expected)), `${expected} in\n${found.join('\n')}`);
    }
    assert.equal(found.length, 11, found.join('\n'));
    assert.deepEqual(problems([]).length, 1);
  });
});

describe('the lifetime of online keys', () => {
  const names = (ttl: number, value: unknown, asked?: readonly string[]): readonly string[] => keyLifetimeProblems(ttl, read(value), NOW, asked).map(({ message }) => /schedule "(\w+)"/.exec(message)![1]!);
  const HOUR = 3600;

  it('must be longer than the longest time between two runs, weekends and changes of the clock included', () => {
    assert.deepEqual(names(28 * HOUR, { daily: { cron: '@daily' } }), []);
    assert.deepEqual(names(24 * HOUR, { daily: { cron: '@daily' } }), ['daily']);
    assert.deepEqual(names(28 * HOUR, { workdays: { cron: '0 2 * * 1-5' }, left: { cron: '30 2 * * *', time_zone: 'Europe/Berlin' } }), ['workdays', 'left']);
  });

  it('is none of a training\'s concern', () => assert.deepEqual(names(HOUR, { retrain: { cron: '@weekly', workflow: 'trainModel', input: { recipe: 'a' } } }), []));

  it('is kept by another schedule of the same views', () => {
    const nightly = { cron: '@daily', input: { views: ['a', 'b'], incremental: false } };
    assert.deepEqual(names(12 * HOUR, { nightly, often: { cron: '@hourly' } }), []);
    assert.deepEqual(names(12 * HOUR, { nightly, often: { cron: '@hourly', input: { views: ['a', 'b', 'c'] } } }), []);
    assert.deepEqual(names(12 * HOUR, { nightly, often: { cron: '@hourly', input: { views: ['a'] } } }), ['nightly']);
    assert.deepEqual(names(12 * HOUR, { all: { cron: '@daily' }, often: { cron: '@hourly', input: { views: ['a'] } } }), ['all']);
    assert.deepEqual(names(12 * HOUR, { all: { cron: '@daily' }, nightly }, ['nightly']), ['nightly']);
  });
});

describe('the plan of an apply', () => {
  const facts = (changes: object = {}) => declaredFacts(read({ a: { cron: '0 2 * * *', ...changes } })['a']!, 'queue');
  const live = (name: string, origin: LiveSchedule['origin'], changes: object = {}): LiveSchedule => ({ name, origin, paused: false, facts: facts(changes) });

  it('creates what is missing, changes what differs, removes what an apply made, and leaves the rest', () => {
    const found = [live('same', 'declared'), live('other', 'declared', { overlap: 'skip' }), live('old', 'declared'), live('manual', 'command'), live('foreign', 'other')];
    const { changes, unchanged, conflicts } = planSchedules({ same: facts(), other: facts(), new: facts() }, found);
    assert.deepEqual(changes.map(({ action, name, detail }) => [action, name, detail]), [['change', 'other', 'overlap skip -> buffer_one'], ['create', 'new', 'materializeFeatures at "0 2 * * *" UTC'], ['remove', 'old', 'materializeFeatures at "0 2 * * *" UTC']]);
    assert.deepEqual([unchanged, conflicts], [['same'], []]);
  });

  it('takes expressions that mean the same for the same, and the order of the input for nothing', () => {
    assert.deepEqual(planSchedules({ a: facts({ cron: '*/30 */12 * * *', input: { views: ['x'], overlap_seconds: 5 } }) }, [live('a', 'declared', { cron: '0,30 0,12 * * 0-6', input: { overlap_seconds: 5, views: ['x'] } })]).unchanged, ['a']);
  });

  it('refuses names that are taken', () => {
    const { changes, conflicts } = planSchedules({ manual: facts(), foreign: facts() }, [live('manual', 'command'), live('foreign', 'other')]);
    assert.deepEqual([changes.length, conflicts.map(({ path }) => path)], [0, ['schedules.manual', 'schedules.foreign']]);
  });
});
