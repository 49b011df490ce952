import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import type { ReadableColumn as Readable } from '../../domain/data/spine-columns.ts';
import type { NativeFamily } from './column-types.ts';
import { legalLabels } from './labels.ts';
import { ascending, comparable } from './order.ts';
import { instantLiteral, quoteIdentifier, quoteTableId, wholeNumberLiteral } from './sql.ts';
import type { TableId } from './sql.ts';

export type ReadableColumn = Readable<NativeFamily>;

/** The query's columns, in the types that tables of our own have. */
export function stagingSql(sql: string, columns: readonly ReadableColumn[]): string {
  const values = columns.map((column) => `${staged(column)} AS ${quoteIdentifier(column.name)}`);
  return `SELECT ${values.join(', ')} FROM (${sql}\n) AS q`;
}

/** An instant becomes a TIMESTAMP, in UTC where it has no zone; a decimal the number that it is read as. */
function staged({ name, family }: ReadableColumn): string {
  const value = `q.${quoteIdentifier(name)}`;
  if (family === 'datetime' || family === 'date') return `TIMESTAMP(${value})`;
  if (family === 'numeric') return `CAST(${value} AS FLOAT64)`;
  if (family === 'numeric[]') return `ARRAY(SELECT CAST(item AS FLOAT64) FROM UNNEST(${value}) AS item WITH OFFSET AS place ORDER BY place)`;
  return value;
}

export interface Numbering {
  readonly table: TableId;
  readonly staged: TableId;
  readonly rowCount: number;
  /** In the order by which rows are numbered. */
  readonly columns: readonly ReadableColumn[];
  /** Names of the columns in the table's order. */
  readonly order: readonly string[];
  readonly timestampColumn: string;
  readonly expirationMicros: number;
  readonly description: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A job may write into 4,000 partitions (cloud.google.com/bigquery/quotas, partitioned tables); more rows make wider ones. */
const MOST_PARTITIONS = 1000;
const SMALLEST_PARTITION = 10_000;

/**
 * One statement that makes the spine table, whole, from the staged rows. BigQuery sorts what a window function has to number in one place at a time: so rows are numbered within each
 * hour of the event timestamp, and the hours by how many rows lie before them.
 */
export function numberingSql(numbering: Numbering): string {
  const { table, staged, rowCount, columns, order, timestampColumn, expirationMicros, description, labels } = numbering;
  const hour = `TIMESTAMP_TRUNC(${quoteIdentifier(timestampColumn)}, HOUR)`;
  const terms = columns.map(({ name, family, type }) => ascending({ sql: comparable(storedFamily(family), `s.${quoteIdentifier(name)}`, type), isFloat: storedFamily(family) === 'float64' }));
  const partition = Math.max(SMALLEST_PARTITION, Math.ceil(rowCount / MOST_PARTITIONS));
  const end = Math.max(1, Math.ceil(rowCount / partition)) * partition;
  const options = [
    `expiration_timestamp = ${instantLiteral(expirationMicros)}`,
    `description = '${description}'`,
    `labels = [${Object.entries(legalLabels(labels)).map(([key, value]) => `('${key}', '${value}')`).join(', ')}]`,
  ];
  return [
    `CREATE OR REPLACE TABLE ${quoteTableId(table)}`,
    `PARTITION BY RANGE_BUCKET(${ROW_NUMBER}, GENERATE_ARRAY(0, ${wholeNumberLiteral(end)}, ${wholeNumberLiteral(partition)}))`,
    `CLUSTER BY ${ROW_NUMBER}`,
    `OPTIONS (${options.join(', ')})`,
    'AS WITH',
    `counted AS (SELECT ${hour} AS hour_, COUNT(*) AS rows_ FROM ${quoteTableId(staged)} GROUP BY hour_),`,
    'placed AS (SELECT hour_, SUM(rows_) OVER (ORDER BY hour_ ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - rows_ AS before_ FROM counted)',
    `SELECT CAST(p.before_ + ROW_NUMBER() OVER (PARTITION BY p.hour_ ORDER BY ${terms.join(', ')}) - 1 AS INT64) AS ${ROW_NUMBER}, ${order.map((name) => `s.${quoteIdentifier(name)}`).join(', ')}`,
    `FROM ${quoteTableId(staged)} AS s JOIN placed AS p ON p.hour_ = TIMESTAMP_TRUNC(s.${quoteIdentifier(timestampColumn)}, HOUR)`,
  ].join('\n');
}

/** The family that a column has once it is staged. */
function storedFamily(family: ReadableColumn['family']): ReadableColumn['family'] {
  if (family === 'datetime' || family === 'date') return 'timestamp';
  if (family === 'numeric') return 'float64';
  return family === 'numeric[]' ? 'float64[]' : family;
}
