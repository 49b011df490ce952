import assert from 'node:assert/strict';
import { placed, saidBy, unplaced, withoutTable, type PushPlan } from '../../../adapters/bigquery/push-plan.ts';
import { readPlan, writePlan } from '../../../adapters/bigquery/push-plan-text.ts';

const digest = (text: string): Buffer => Buffer.from(text.padEnd(16));
const line = (row: number, event: string, content: string, createdMicros: number, ownMicros: number | null = null) => ({ row, event: digest(event), content: digest(content), createdMicros, ownMicros });
const message = (text: string): Buffer => Buffer.from(text);
const table = (name: string, parts: readonly string[][], lines: readonly number[]) => ({ path: `p/${name}`, table: name, views: [name], place: { stream: `s/${name}`, offset: 5 }, descriptor: {}, parts: parts.map((part) => part.map(message)), lines });
const note = (id: string) => ({ id, rowCount: 1, body: '', dueMicros: null });
const PLAN: PushPlan = {
  notedAtMs: 1,
  tables: [table('a', [['a0']], [0]), table('b', [['b1', 'b2'], ['b3']], [1, 2, 3]), table('raw_events.pushes', [['r0', 'r1', 'r2', 'r3']], [0, 1, 2, 3])],
  lines: [line(0, 'A', 'first', 10), line(0, 'B', 'first', 10), line(1, 'C', 'own', 20, 15), line(2, 'B', 'second', 11)],
  recalled: [{ event: digest('D'), latest: digest('old'), createdMicros: 3 }],
  notes: [{ table: 'a', note: note('1') }, { table: 'b', note: note('2') }],
};
const words = (plan: PushPlan): string[] => saidBy(plan).events.map(({ event, latest }) => `${String(event).trim()} ${String(latest).trim()}`);

describe('The plan of a push', () => {
  it('says of each event what was said last, and what the caller dated', () => {
    assert.deepEqual(words(PLAN), ['D old', 'A first', 'B second', 'C own']);
    assert.deepEqual(saidBy(PLAN).contents, [{ content: digest('own'), createdMicros: 15 }]);
  });

  it('keeps of a table that refuses its second part what the first brought, in all that it says and in the raw events', () => {
    const rest = withoutTable(PLAN, 1, 1);
    assert.deepEqual(words(rest), ['D old', 'A first', 'B first', 'C own']);
    assert.deepEqual(rest.tables.map(({ table: name, place, parts }) => [name, place === null, parts.flat().map(String)]), [['a', false, ['a0']], ['raw_events.pushes', true, ['r0', 'r1', 'r2']]]);
    assert.deepEqual(rest.notes.map(({ table: name }) => name), ['a']);
  });

  it('keeps everything but the raw events where these refuse, and asks nothing of them where all is refused', () => {
    const { tables, ...rest } = withoutTable(PLAN, 2, 0);
    assert.deepEqual([tables.length, words({ tables, ...rest })], [2, words(PLAN)]);
    assert.deepEqual(withoutTable(withoutTable(PLAN, 0, 0), 0, 0).tables, []);
  });

  it('moves what is left of a table to another place, and reads as it was written', () => {
    const moved = placed(unplaced(PLAN, 1, 1), 1, { stream: 's/new', offset: 0 });
    assert.deepEqual([moved.tables[1]!.place, moved.tables[1]!.parts.flat().map(String), moved.tables[1]!.lines], [{ stream: 's/new', offset: 0 }, ['b3'], [3]]);
    assert.deepEqual(words(moved), words(PLAN));
    const refused = withoutTable(moved, 0, 0);
    assert.deepEqual(readPlan(writePlan(refused)), refused);
  });
});
