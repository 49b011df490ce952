import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQuery } from '@google-cloud/bigquery';
import { STORED_TYPES } from '../../../adapters/bigquery/column-types.ts';
import { openBigQuery } from '../../../adapters/bigquery/connection.ts';
import type { BigQueryConnection, BigQuerySettings } from '../../../adapters/bigquery/connection.ts';
import { quoteTableId, tableId } from '../../../adapters/bigquery/sql.ts';
import { createBigQueryWarehouse } from '../../../adapters/bigquery/warehouse.ts';
import type { ColumnSchema, ColumnType, ScalarColumnType } from '../../../domain/data/columns.ts';
import { elementType } from '../../../domain/features/value-types.ts';
import type { FeatureValue, ValueType } from '../../../domain/features/value-types.ts';
import { formatInstant, parseInstant } from '../../../domain/instant.ts';
import type { WarehouseHarness, WarehouseNature } from '../../contracts/warehouse-harness.ts';
import { cloudServers } from '../../support/cloud-servers.ts';

export interface BigQueryHarness extends WarehouseHarness {
  readonly connection: BigQueryConnection;
  readonly settings: BigQuerySettings;
}

const NATURE: WarehouseNature = {
  strategies: ['warehouse'], earliest: parseInstant('0001-01-01T00:00:00Z')!, latest: parseInstant('9999-12-31T00:00:00Z')!, hasMissingLists: false, oddColumn: 'quoted x', parameter: (position) => `@p${position}`, writersAtOnce: 1, randomTables: 1, casesOfTable: 24,
};

/** Settings of the server that stands in for BigQuery, with data sets of its own. */
export async function bigQuerySettings(): Promise<BigQuerySettings> {
  const { bigqueryUrl, bigqueryGrpc, project } = await cloudServers();
  const suffix = randomBytes(5).toString('hex');
  return {
    project, location: 'us-central1', maximum_bytes_billed: 10 ** 12, api_endpoint: bigqueryUrl, grpc_endpoint: bigqueryGrpc.includes('://') ? bigqueryGrpc : `http://${bigqueryGrpc}`,
    datasets: { raw: `raw_events_${suffix}`, feature_mart: `feature_mart_${suffix}`, spine: `spine_data_${suffix}`, registry: `feast_registry_${suffix}` },
  };
}

/** A warehouse with data sets of its own. */
export async function openBigQueryHarness(): Promise<BigQueryHarness> {
  const settings = await bigQuerySettings();
  const warehouse = createBigQueryWarehouse(settings);
  const connection = openBigQuery(settings);
  await warehouse.prepare();
  return {
    warehouse, connection, settings, nature: NATURE,
    inSql: (table) => quoteTableId(tableId(settings, table)),
    createTable: (table, columns, rows) => createTable(connection, table, columns, rows),
    async close() {
      await Promise.all(Object.values(settings.datasets).map((dataset) => dropDataset(connection.client, dataset)));
      await connection.close();
      await warehouse.close();
    },
  };
}

async function dropDataset(client: BigQuery, dataset: string): Promise<void> {
  if ((await client.dataset(dataset).exists())[0]) await client.dataset(dataset).delete({ force: true });
}

/** By a load job, as tables of that size are loaded. */
async function createTable({ client, settings }: BigQueryConnection, name: string, columns: readonly ColumnSchema[], rows: readonly (readonly FeatureValue[])[]): Promise<void> {
  const { datasetId, tableId: table } = tableId(settings, name);
  const fields = columns.map(({ name: column, type }) => ({ name: column, type: nativeType(type), mode: elementOf(type) === undefined ? 'NULLABLE' : 'REPEATED' }));
  const target = client.dataset(datasetId).table(table);
  await target.delete({ ignoreNotFound: true });
  await target.create({ schema: { fields } });
  if (rows.length === 0) return;
  const folder = await mkdtemp(join(tmpdir(), 'bigquery-rows-'));
  try {
    const file = join(folder, 'rows.ndjson');
    await writeFile(file, rows.map((row) => JSON.stringify(Object.fromEntries(columns.map(({ name: column }, i) => [column, cell(row[i] ?? null, columns[i]!.type)])))).join('\n'));
    await target.load(file, { sourceFormat: 'NEWLINE_DELIMITED_JSON', schema: { fields }, writeDisposition: 'WRITE_TRUNCATE' });
  } finally {
    await rm(folder, { recursive: true });
  }
}

const elementOf = (type: ColumnType): ScalarColumnType | undefined => (type === 'Timestamp' ? undefined : elementType(type as ValueType));

function nativeType(type: ColumnType): string {
  return STORED_TYPES[elementOf(type) ?? (type as ScalarColumnType)];
}

/** A value as a load job takes it from JSON. */
function cell(value: FeatureValue, type: ColumnType): unknown {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((item) => cell(item as FeatureValue, elementOf(type)!));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (type === 'Timestamp') return formatInstant(value as number);
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
