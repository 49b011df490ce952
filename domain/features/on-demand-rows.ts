import { columnOfValues } from '../data/column-of-values.ts';
import { type Column, type ColumnSchema, columnOf, type RecordBatch } from '../data/columns.ts';
import { refuseProblems, type Problem } from '../errors.ts';
import { MICROS_PER_SECOND } from '../instant.ts';
import { suggestion } from '../nearest.ts';
import { canonicalize, columnValue } from './canonical.ts';
import { argumentsOf, onDemandFunction, type OnDemandFunction, type OnDemandSnapshot, type RowTransform } from './on-demand.ts';
import type { FeatureSelection } from './snapshot.ts';
import { fitsType } from './validate-tables.ts';
import type { FeatureValue, ValueType } from './value-types.ts';

/** Rows with their schema known before the first row is read. */
export interface FeatureRows {
  readonly schema: readonly ColumnSchema[];
  readonly batches: AsyncIterable<RecordBatch>;
}

export interface OnDemandRows extends FeatureRows {
  readonly selection: FeatureSelection;
  /** The column with each row's as-of instant. */
  readonly timestampColumn: string;
  /** Gives the function of a bundle. */
  readonly load: (view: OnDemandSnapshot) => RowTransform;
}

/**
 * Joined rows with the on-demand features behind them, without the columns that were read for those alone; the same rows where the selection has none. Streams batch by batch.
 * INVALID_DATA when a request column is not there or of another type, and, while rows flow, naming view, feature and row, when a function fails.
 */
export function addOnDemandFeatures({ schema, batches, selection, timestampColumn, load }: OnDemandRows): FeatureRows {
  const { onDemand = [], columns } = selection;
  if (onDemand.length === 0) return { schema, batches };
  refuseProblems('INVALID_DATA', 'The on-demand features cannot be computed.', onDemand.flatMap((view) => spineProblems(view, schema)));
  const hidden = new Set(columns.filter(({ onlyInput }) => onlyInput === true).map(({ column }) => column));
  const shown = <T extends { readonly name: string }>(all: readonly T[]): T[] => all.filter(({ name }) => !hidden.has(name));
  const outputs = onDemand.flatMap((view) => view.outputs.map(({ column, type }): ColumnSchema => ({ name: column, type })));
  const compute = onDemand.map((view) => ({ view, run: onDemandFunction(view, load(view)) }));
  return { schema: [...shown(schema), ...outputs], batches: computeBatches() };

  async function* computeBatches(): AsyncIterable<RecordBatch> {
    let start = 0;
    for await (const batch of batches) {
      const computed = compute.flatMap(({ view, run }) => computeColumns(view, run, { batch, start, timestampColumn }));
      yield { rowCount: batch.rowCount, columns: [...shown(batch.columns), ...computed] };
      start += batch.rowCount;
    }
  }
}

/** What a view wants of the spine's columns and they do not give, and what it makes that is there already. */
export function spineProblems(view: OnDemandSnapshot, schema: readonly { readonly name: string; readonly type: ColumnSchema['type'] | undefined }[]): Problem[] {
  const taken = view.outputs.filter(({ column }) => schema.some(({ name }) => name === column));
  const collisions = taken.map(({ feature, column }) => ({ path: `on-demand feature view ${view.name}, feature ${feature}`, message: `The spine has a column "${column}", too.`, cure: 'Rename one of them.' }));
  const requested = view.request.flatMap(({ name, type }): Problem[] => {
    const path = `on-demand feature view ${view.name}, request column ${name}`;
    const column = schema.find((candidate) => candidate.name === name);
    if (column === undefined) return [{ path, message: 'The spine has no such column.', cure: suggestion(name, schema.map((candidate) => candidate.name)) }];
    if (column.type !== undefined && fitsType(type, column.type)) return [];
    return [{ path, message: `It is ${column.type ?? 'of a type that cannot be read'} in the spine, and ${type} in the view.`, cure: 'Cast it in the spine query, or declare it so.' }];
  });
  return [...collisions, ...requested];
}

interface BatchPlace {
  readonly batch: RecordBatch;
  /** Rows before the batch. */
  readonly start: number;
  readonly timestampColumn: string;
}

function computeColumns(view: OnDemandSnapshot, run: OnDemandFunction, { batch, start, timestampColumn }: BatchPlace): Column[] {
  const sources = [...view.inputs.map(({ column }) => column), ...view.request.map(({ name }) => name), ...(view.asOf ? [timestampColumn] : [])];
  const readers = argumentsOf(view).map(({ type }, index) => valueReader(columnOf(batch, sources[index]!), type));
  const values: FeatureValue[][] = view.outputs.map(() => new Array<FeatureValue>(batch.rowCount));
  for (let row = 0; row < batch.rowCount; row++) {
    const result = run(readers.map((read) => read(row)), `row ${start + row}`);
    for (let index = 0; index < values.length; index++) values[index]![row] = result[index]!;
  }
  return view.outputs.map(({ column, type }, index) => columnOfValues({ name: column, type }, values[index]!));
}

/** Stored features are of the declared type already; a spine's column may be of one that fits it. */
function valueReader(column: Column, type: ValueType): (row: number) => FeatureValue {
  if (column.type === type) return (row) => columnValue(column, row);
  if (column.type === 'Timestamp') return (row) => asOfSeconds(columnValue(column, row) as number | null);
  return (row) => canonicalize(type, columnValue(column, row));
}

/** What a function gets as `as_of`: whole seconds, the fraction dropped towards minus infinity. */
export function asOfSeconds(micros: number | null): number | null {
  return micros === null ? null : Math.floor(micros / MICROS_PER_SECOND);
}

/** The names and types of the request columns that the selection wants of its caller, each once. */
export function requestColumns({ onDemand = [] }: FeatureSelection): readonly { readonly name: string; readonly type: ValueType }[] {
  const all = onDemand.flatMap(({ request }) => request);
  return all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index);
}
