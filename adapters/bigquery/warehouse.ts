import type { Warehouse } from '../../ports/warehouse.ts';
import { openBigQuery } from './connection.ts';
import type { BigQuerySettings } from './connection.ts';
import { createDatasets, missingDatasets } from './datasets.ts';
import { describeBigQueryTable, describeBoundQuery } from './describe.ts';
import { historicalFeatures } from './historical-features.ts';
import { estimateRows, newestRows } from './newest-rows.ts';
import { processedBytes } from './processed-bytes.ts';
import { writeSpineRows } from './spine-rows.ts';
import { dropExpiredSpines, dropSpine, expiredSpines } from './spine-upkeep.ts';
import { writeSpine } from './spine.ts';
import { quoteTableId, tableId } from './sql.ts';

/** The warehouse in BigQuery. Nothing is asked of it until it is needed; `close` ends what is open. */
export function createBigQueryWarehouse(settings: BigQuerySettings): Warehouse {
  const connection = openBigQuery(settings);
  return {
    prepare: () => createDatasets(connection),
    missingSchemas: () => missingDatasets(connection),
    writeSpine: (request) => writeSpine(connection, request),
    writeSpineRows: (request) => writeSpineRows(connection, request),
    historicalFeatures: (request) => historicalFeatures(connection, request),
    newestRows: (request) => newestRows(connection, request),
    estimateRows: (request) => estimateRows(connection, request),
    processedBytes: (read) => processedBytes(connection, read),
    describeTable: async (table) => (await describeBigQueryTable(connection, table)).map(({ name, nativeType, type }) => ({ name, nativeType, type })),
    wholeTable: (table) => ({ sql: `SELECT * FROM ${quoteTableId(tableId(connection.settings, table))}`, values: [] }),
    describeQuery: async (query) => (await describeBoundQuery(connection, { ...query, sql: query.sql.replace(/[\s;]+$/, '') }, 'describing a query')).map(({ name, nativeType, type }) => ({ name, nativeType, type })),
    expiredSpines: (nowMicros) => expiredSpines(connection, nowMicros),
    dropExpiredSpines: (nowMicros) => dropExpiredSpines(connection, nowMicros),
    dropSpine: (table) => dropSpine(connection, table),
    close: () => connection.close(),
  };
}
