import type { ColumnSchema, ColumnType, RecordBatch } from '../../domain/data/columns.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import type { Micros } from '../../domain/instant.ts';
import type { JoinStrategy, RowStream, Warehouse } from '../../ports/warehouse.ts';

/** What a warehouse can hold and do, where warehouses differ by nature. The suite adapts its cases to it, and leaves none out. */
export interface WarehouseNature {
  /** The ways to join that it has; others are refused. */
  readonly strategies: readonly JoinStrategy[];
  /** Instants before and after all others. */
  readonly earliest: Micros;
  readonly latest: Micros;
  /** Whether a list in a table can be missing; otherwise it is empty. */
  readonly hasMissingLists: boolean;
  /** A name of a column that needs quotes. */
  readonly oddColumn: string;
  /** How a query names its bound value, from 1. */
  readonly parameter: (position: number) => string;
  /** How many may write one spine at the same moment: where a server that stands in for the real one cannot tell them apart, one. */
  readonly writersAtOnce: number;
  /** How many random pairs of tables are joined: as many as take some seconds. */
  readonly randomTables: number;
  /** How many random cases lie in each of these pairs, by keys of their own: many where a query takes long, however few rows it reads. */
  readonly casesOfTable: number;
}

/** An empty warehouse and a way to put tables into it. */
export interface WarehouseHarness {
  readonly warehouse: Warehouse;
  readonly nature: WarehouseNature;
  /** How a query names the table `schema.name`. */
  inSql(table: string): string;
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
