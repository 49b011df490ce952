import type { ColumnSchema, ColumnType, RecordBatch } from '../../domain/data/columns.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import type { RowStream, Warehouse } from '../../ports/warehouse.ts';

/** An empty warehouse and a way to put tables into it. */
export interface WarehouseHarness {
  readonly warehouse: Warehouse;
  /** Makes the table `schema.name` anew. Rows hold canonical values; instants are microseconds, of any year that the warehouse knows, and its two infinities. */
  createTable(table: string, columns: readonly ColumnSchema[], rows: readonly (readonly FeatureValue[])[]): Promise<void>;
  close(): Promise<void>;
}

export const column = (name: string, type: ColumnType): ColumnSchema => ({ name, type });

/** The rows of a stream as canonical values. */
export async function collectRows(stream: RowStream): Promise<FeatureValue[][]> {
  const rows: FeatureValue[][] = [];
  for await (const batch of stream.batches) rows.push(...batchRows(batch));
  return rows;
}

export function batchRows(batch: RecordBatch): FeatureValue[][] {
  return Array.from({ length: batch.rowCount }, (_, row) => batch.columns.map(({ type, values, nulls }) => {
    if (nulls?.[row] === 1) return null;
    const value = values[row]!;
    return type === 'Bool' ? value === 1 : value;
  }));
}

/** A view with sensible defaults. */
export function viewOf(view: Pick<FeatureViewSnapshot, 'name' | 'joinKeys' | 'features' | 'source'> & Partial<FeatureViewSnapshot>): FeatureViewSnapshot {
  return { ttlSeconds: null, online: true, asKnown: false, ...view };
}
