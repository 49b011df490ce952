import type { Micros } from '../../../domain/instant.ts';
import type { OnlineMark } from '../../../ports/feature-registry.ts';
import type { RegistryReader, RegistryRecords } from './records.ts';

/** The note in which the marks of the views stand, as JSON by view. */
const ONLINE_MARKS = 'ml_pipeline.online_marks';

export type OnlineMarks = ReadonlyMap<string, OnlineMark>;

export async function readMarks(records: RegistryReader): Promise<OnlineMarks> {
  const text = await records.note(ONLINE_MARKS);
  return new Map(text === undefined ? [] : Object.entries(JSON.parse(text) as Record<string, OnlineMark>));
}

/** Sets the view's mark. */
export async function writeMark(records: RegistryRecords, view: string, mark: OnlineMark, now: Micros): Promise<void> {
  await writeMarks(records, new Map([...(await readMarks(records)), [view, mark]]), now);
}

/** The views have no mark afterwards. */
export async function forgetMarks(records: RegistryRecords, views: readonly string[], now: Micros): Promise<void> {
  const marks = await readMarks(records);
  const left = new Map([...marks].filter(([view]) => !views.includes(view)));
  if (left.size < marks.size) await writeMarks(records, left, now);
}

function writeMarks(records: RegistryRecords, marks: OnlineMarks, now: Micros): Promise<void> {
  return records.putNote(ONLINE_MARKS, JSON.stringify(Object.fromEntries(marks)), now);
}
