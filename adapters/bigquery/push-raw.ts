import type { BigQuery, TableMetadata } from '@google-cloud/bigquery';
import type { Micros } from '../../domain/instant.ts';
import { isThere } from './call-failure.ts';
import type { NewLine } from './push-judge.ts';
import type { WriteColumn, WriteSchema } from './push-schema.ts';
import { encodeField, encodeValue } from './push-wire.ts';
import type { TableId } from './sql.ts';

/** The raw events, as definitions would name the table: what was pushed, with the table that it went to and all values in one document. */
export const RAW_PUSHES = 'raw_events.pushes';

const FIELDS = [
  { name: 'received_timestamp', type: 'TIMESTAMP', mode: 'REQUIRED', description: 'When the push arrived.' },
  { name: 'table_name', type: 'STRING', mode: 'REQUIRED', description: 'The table that holds the event.' },
  { name: 'views', type: 'STRING', mode: 'REPEATED', description: 'The feature views that took it.' },
  { name: 'event_timestamp', type: 'TIMESTAMP', mode: 'REQUIRED', description: 'When it was true.' },
  { name: 'created_timestamp', type: 'TIMESTAMP', mode: 'REQUIRED', description: 'The created timestamp of its row.' },
  { name: 'document', type: 'JSON', mode: 'REQUIRED', description: 'Join keys and features.' },
] as const;

/** Makes the table of raw events where it is missing. */
export async function createRawPushes(client: BigQuery, { datasetId, tableId }: TableId, location: string): Promise<void> {
  const metadata: TableMetadata = {
    schema: { fields: [...FIELDS] }, timePartitioning: { type: 'DAY', field: 'received_timestamp' }, clustering: { fields: ['table_name'] }, description: 'Events that were pushed.', labels: { app: 'ml-pipeline' }, location,
  };
  try {
    await client.dataset(datasetId).createTable(tableId, metadata);
  } catch (error) {
    if (!isThere(error)) throw error;
  }
}

/** A row of the raw events as a message. A column that somebody took out of the table is left out. */
export function rawMessage({ line, rows, receivedMicros, createdMicros }: NewLine, { columns }: WriteSchema): Buffer {
  const values: Readonly<Record<(typeof FIELDS)[number]['name'], readonly Buffer[]>> = {
    received_timestamp: [instant(receivedMicros)],
    table_name: [encodeValue(rows.table, 'bytes')],
    views: rows.views.map((view) => encodeValue(view, 'bytes')),
    event_timestamp: [instant(line.eventMicros)],
    created_timestamp: [instant(createdMicros)],
    document: [encodeValue(line.document(), 'bytes')],
  };
  return Buffer.concat(columns.filter(({ name }) => name in values).map((column: WriteColumn) => encodeField(column.field, column.wire, column.isList, values[column.name as keyof typeof values])));
}

function instant(micros: Micros): Buffer {
  return encodeValue(BigInt(micros), 'varint');
}
