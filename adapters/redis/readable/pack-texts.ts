import type { RecordBatch } from '../../../domain/data/columns.ts';
import { columnValue } from '../../../domain/features/canonical.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import { formatInstant, MICROS_PER_SECOND } from '../../../domain/instant.ts';
import type { Micros } from '../../../domain/instant.ts';
import { isNull, rowColumns } from '../row-columns.ts';
import type { ScriptCall } from '../script.ts';
import type { KeyNames } from './key-names.ts';
import { textOfValue } from './text-value.ts';

/** Nothing is older: 0001-01-01T00:00:00Z, in microseconds. */
const EARLIEST = -62_135_596_800 * MICROS_PER_SECOND;

/** The batch in calls of the write script of at most `rowsPerCall` rows, made one at a time; their parameters are those after the script's settings. */
export function* packTexts(view: FeatureViewSnapshot, names: KeyNames, batch: RecordBatch, rowsPerCall: number): Generator<ScriptCall, undefined> {
  const { joinKeys, features, eventTimestamp, createdTimestamp } = rowColumns(view, batch);
  for (let from = 0; from < batch.rowCount; from += rowsPerCall) {
    const keys: Buffer[] = [];
    const parameters: string[] = [];
    for (let row = from; row < Math.min(from + rowsPerCall, batch.rowCount); row++) {
      for (const key of names.row(names.id(joinKeys.map((column) => columnValue(column, row))))) keys.push(Buffer.from(key));
      parameters.push(formatInstant(eventTimestamp.values[row] as Micros), isNull(createdTimestamp, row) ? '' : formatInstant(createdTimestamp.values[row] as Micros));
      view.features.forEach(({ type }, index) => {
        const value = columnValue(features[index] as (typeof features)[number], row);
        parameters.push(value === null ? '' : `=${textOfValue(type, value)}`);
      });
    }
    yield { keys, parameters };
  }
  return undefined;
}

/** The text of the earliest event timestamp that is within the view's ttl; nothing (less than any) for a view without ttl. */
export function oldestWithin({ ttlSeconds }: FeatureViewSnapshot, asOfMicros: Micros): string {
  return ttlSeconds === null ? '' : formatInstant(Math.max(EARLIEST, asOfMicros - Math.round(ttlSeconds * MICROS_PER_SECOND)));
}
