import { randomBytes } from 'node:crypto';
import type { ColumnSchema, RecordBatch, ScalarColumnType } from '../../domain/data/columns.ts';
import type { SpineRef } from '../../domain/data/dataset-ref.ts';
import { PipelineError } from '../../domain/errors.ts';
import { columnValue } from '../../domain/features/canonical.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { WriteSpineRowsRequest } from '../../ports/warehouse.ts';
import { STORED_TYPES } from './column-types.ts';
import type { BigQueryConnection } from './connection.ts';
import { told } from './call-failure.ts';
import { loadRows } from './load-rows.ts';
import { writeSpine } from './spine.ts';
import { quoteIdentifier, quoteTableId, tableId } from './sql.ts';

/** Warehouse.writeSpineRows: a load job puts the rows into a table of their own, from which the spine is written; that table goes afterwards. */
export async function writeSpineRows(connection: BigQueryConnection, { rows, ...request }: WriteSpineRowsRequest): Promise<SpineRef> {
  const { client, settings } = connection;
  const suffix = randomBytes(8).toString('hex');
  const table = tableId(settings, `spine_data.rows_${suffix}`);
  const doing = `loading the rows of the spine spine_data.${request.name}`;
  let begun = false;
  const content = (): AsyncIterable<string> => {
    if (begun) throw new PipelineError('UNAVAILABLE', `BigQuery, ${doing}: the load job has vanished, and its rows can be read only once. Try again.`);
    begun = true;
    return jsonLines(rows.schema, rows.batches);
  };
  try {
    await loadRows(connection, {
      table, doing, jobKey: suffix, content, signal: request.signal, labels: { step: 'spine_rows', spine: request.name },
      load: { sourceFormat: 'NEWLINE_DELIMITED_JSON', createDisposition: 'CREATE_IF_NEEDED', writeDisposition: 'WRITE_EMPTY', schema: { fields: rows.schema.map(({ name, type }) => ({ name, type: STORED_TYPES[type as ScalarColumnType] })) } },
    });
    const columns = rows.schema.map(({ name }) => quoteIdentifier(name)).join(', ');
    const spine = await writeSpine(connection, { ...request, query: { sql: `SELECT ${columns} FROM ${quoteTableId(table)}`, values: [] } });
    return { ...spine, schema: spine.schema.map((column, i) => narrower(column, rows.schema[i]!)) };
  } finally {
    await told(client.dataset(table.datasetId, { projectId: table.projectId }).table(table.tableId).delete({ ignoreNotFound: true }), doing, settings);
  }
}

/** BigQuery has no smaller numbers: the reader makes them again. */
function narrower(column: ColumnSchema, { type }: ColumnSchema): ColumnSchema {
  return type === 'Int32' || type === 'Float32' ? { ...column, type } : column;
}

async function* jsonLines(schema: readonly ColumnSchema[], batches: AsyncIterable<RecordBatch>): AsyncGenerator<string> {
  const names = schema.map(({ name }) => JSON.stringify(name));
  for await (const { rowCount, columns } of batches) {
    let lines = '';
    for (let row = 0; row < rowCount; row++) lines += `{${columns.map((column, i) => `${names[i]}:${jsonValue(schema[i]!, columnValue(column, row))}`).join(',')}}\n`;
    yield lines;
  }
}

/** A value as load jobs read it (cloud.google.com/bigquery/docs/loading-data-cloud-storage-json): whole numbers and those that JSON has no word for as text. */
function jsonValue({ type }: ColumnSchema, value: FeatureValue): string {
  if (value === null) return 'null';
  if (type === 'Timestamp') return JSON.stringify(formatInstant(value as number));
  if (type === 'Json') return value as string;
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (typeof value === 'number') return Object.is(value, -0) ? '-0.0' : Number.isFinite(value) ? String(value) : JSON.stringify(String(value));
  return typeof value === 'boolean' ? String(value) : JSON.stringify(String(value));
}
