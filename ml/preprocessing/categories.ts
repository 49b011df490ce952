import type { Refuse } from './refuse.ts';
import { present } from './statistics.ts';
import type { TrainingColumns } from './training-columns.ts';

/** More categories than this are a mistake (an identifier, a measurement) far more often than a wish. */
const MOST_CATEGORIES = 10_000;

/** Float32 holds every whole number up to here; beyond, neighbours become one category. */
const EXACT_INTEGERS = 2 ** 24;

/** The categories of each column in order: texts by code point, numbers by value and written as JavaScript writes them. Missing is no category. */
export function learnCategories(columns: readonly string[], training: TrainingColumns, refuse: Refuse): Record<string, readonly string[]> {
  const learnt: Record<string, readonly string[]> = {};
  for (const name of columns) {
    const texts = training.texts.get(name);
    const categories = texts === undefined ? numberCategories(name, training.numbers.get(name)!, refuse) : [...texts].sort(compareCodePoints);
    if (categories.length === 0) refuse(name, 'is missing in every training row, so it has no categories.', 'Leave the column out.');
    if (categories.length > MOST_CATEGORIES) refuse(name, `has ${categories.length} categories, more than ${MOST_CATEGORIES}.`, 'Leave the column out, or group its values in the spine query.');
    learnt[name] = categories;
  }
  return learnt;
}

function numberCategories(name: string, column: Float32Array, refuse: Refuse): readonly string[] {
  const sorted = present(column).sort();
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  if (distinct.some((value) => Math.abs(value) > EXACT_INTEGERS)) refuse(name, `holds numbers beyond ${EXACT_INTEGERS}, where float32 makes one of neighbours.`, 'Make it text in the spine query.');
  return Array.from(distinct, String);
}

/** Order of Unicode code points (UTF-16 order differs from it where surrogate pairs meet U+E000..U+FFFF). */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Puts surrogates behind all other code units. */
function rank(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x10000 : codeUnit;
}
