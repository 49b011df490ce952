import { columnOf } from '../../domain/data/columns.ts';
import type { Column, ColumnType, RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';

/** Features that one row may have: what Lua's stack holds, with room to spare. */
const MAX_FEATURES_PER_VIEW = 3000;

/** The columns of rows to be written, as the view says. */
export interface RowColumns {
  readonly joinKeys: readonly Column[];
  readonly features: readonly Column[];
  readonly eventTimestamp: Column;
  readonly createdTimestamp: Column;
}

/** The view's columns in the batch. INVALID_DATA, with all problems, where one is missing, of another type, or has no value where there must be one. */
export function rowColumns(view: FeatureViewSnapshot, batch: RecordBatch): RowColumns {
  if (view.features.length > MAX_FEATURES_PER_VIEW) {
    throw new PipelineError('UNSUPPORTED', `Feature view ${view.name} has ${view.features.length} features; the online store takes ${MAX_FEATURES_PER_VIEW} per view. Split the view.`);
  }
  const problems: Problem[] = [];
  const wanted = (name: string, type: string, nullable: boolean): void => {
    const column = batch.columns.find((candidate) => candidate.name === name);
    const path = `${view.name}.${name}`;
    if (column === undefined) problems.push({ path, message: 'The rows have no such column.' });
    else if (column.type !== (type as ColumnType)) problems.push({ path, message: `The column is ${column.type}; the view says ${type}.` });
    else if (!nullable) {
      const row = column.nulls?.indexOf(1) ?? -1;
      if (row >= 0) problems.push({ path, message: `Row ${row} of the batch has no value.`, cure: 'Leave such rows out.' });
    }
  };
  for (const key of view.joinKeys) wanted(key.name, key.type, false);
  for (const feature of view.features) wanted(feature.name, feature.type, true);
  wanted('event_timestamp', 'Timestamp', false);
  wanted('created_timestamp', 'Timestamp', true);
  refuseProblems('INVALID_DATA', `Rows of feature view ${view.name} cannot be written to the online store.`, problems);
  return {
    joinKeys: view.joinKeys.map(({ name }) => columnOf(batch, name)),
    features: view.features.map(({ name }) => columnOf(batch, name)),
    eventTimestamp: columnOf(batch, 'event_timestamp'),
    createdTimestamp: columnOf(batch, 'created_timestamp'),
  };
}

export function isNull(column: Column, row: number): boolean {
  return column.nulls !== null && column.nulls[row] === 1;
}
