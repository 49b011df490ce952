import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { ColumnSchema, RecordBatch } from '../../domain/data/columns.ts';
import type { SpineRef } from '../../domain/data/dataset-ref.ts';
import { columnValue } from '../../domain/features/canonical.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { WriteSpineRowsRequest } from '../../ports/warehouse.ts';
import { WIRE_TYPES } from './column-types.ts';
import { quoteIdentifier } from './pool.ts';
import { writeSpine } from './spine.ts';

/** Warehouse.writeSpineRows: the rows go by COPY into a table that ends with the transaction, from which the spine is written. */
export function writeSpineRows(pool: pg.Pool, connectionString: string, { rows, ...request }: WriteSpineRowsRequest): Promise<SpineRef> {
  const table = quoteIdentifier(`rows_${randomBytes(8).toString('hex')}`);
  const columns = rows.schema.map(({ name }) => quoteIdentifier(name)).join(', ');
  return writeSpine(pool, connectionString, { ...request, query: { sql: `SELECT ${columns} FROM pg_temp.${table}`, values: [] } }, async (client) => {
    await client.query(`CREATE TEMP TABLE ${table} (${rows.schema.map(({ name, type }) => `${quoteIdentifier(name)} ${WIRE_TYPES[type]}`).join(', ')}) ON COMMIT DROP`);
    await pipeline(Readable.from(copyLines(rows.schema, rows.batches)), client.query(copyFrom(`COPY pg_temp.${table} FROM STDIN`)), { signal: request.signal });
  });
}

/** COPY's text format: a line a row, tabs between values, \N for a missing one. */
async function* copyLines(schema: readonly ColumnSchema[], batches: AsyncIterable<RecordBatch>): AsyncGenerator<string> {
  for await (const { rowCount, columns } of batches) {
    let lines = '';
    for (let row = 0; row < rowCount; row++) lines += `${columns.map((column, i) => copyText(schema[i]!, columnValue(column, row))).join('\t')}\n`;
    yield lines;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function copyText({ type }: ColumnSchema, value: FeatureValue): string {
  if (value === null) return '\\N';
  if (type === 'Timestamp') return formatInstant(value as number);
  if (value instanceof Uint8Array) return `\\\\x${Buffer.from(value).toString('hex')}`;
  return String(value).replace(/[\\\n\r\t]/g, (character) => ESCAPES[character]!);
}
