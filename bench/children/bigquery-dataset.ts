/** A result of BigQuery to a Parquet file: by the Arrow messages of the Storage Read API, as this project reads, or by the pages of JSON of Google's client, row by row. */
import type { BigQueryTimestamp } from '@google-cloud/bigquery';
import { openBigQuery, type BigQueryConnection, type BigQuerySettings } from '../../adapters/bigquery/connection.ts';
import { readRows } from '../../adapters/bigquery/result-rows.ts';
import { writeParquetWhole } from '../../adapters/parquet/write-dataset.ts';
import type { Column, RecordBatch } from '../../domain/data/columns.ts';
import { parseInstant } from '../../domain/instant.ts';
import { DATASET, PAGE_ROWS, type StubColumn } from '../support/bigquery-rows.ts';
import { childTask, timed } from '../support/child-task.ts';

interface Options {
  readonly settings: BigQuerySettings;
  readonly rows: number;
  readonly way: 'arrow' | 'json';
  readonly output: string;
}

type Row = Readonly<Record<string, string | number | BigQueryTimestamp>>;

await childTask(async ({ settings, rows, way, output }: Options) => {
  const connection = openBigQuery(settings);
  await connection.readClient(); // loading it is not counted
  const schema = DATASET.map(({ name, type }) => ({ name, type }));
  const table = { projectId: settings.project, datasetId: 'spine', tableId: 'result' };
  const batches = way === 'arrow' ? readRows(connection, { table, rowCount: rows, columns: schema.map((column) => ({ ...column, source: column.name })), signal: undefined }) : readPages(connection);
  const [seconds, { rowCount, hash }] = await timed(() => writeParquetWhole(output, schema, batches));
  await connection.close();
  return { seconds, rowCount, hash };
});

async function* readPages({ client }: BigQueryConnection): AsyncGenerator<RecordBatch> {
  const table = client.dataset('spine').table('result');
  for (let query: object | null = { maxResults: PAGE_ROWS, autoPaginate: false }; query !== null; ) {
    const [rows, next] = (await table.getRows(query)) as unknown as readonly [readonly Row[], object | null];
    yield { rowCount: rows.length, columns: DATASET.map((column) => columnOfRows(column, rows)) };
    query = next;
  }
}

function columnOfRows({ name, type }: StubColumn, rows: readonly Row[]): Column {
  switch (type) {
    case 'Int64': return { name, type, nulls: null, values: BigInt64Array.from(rows, (row) => BigInt(row[name] as number)) };
    case 'Float64': return { name, type, nulls: null, values: Float64Array.from(rows, (row) => row[name] as number) };
    case 'Timestamp': return { name, type, nulls: null, values: Float64Array.from(rows, (row) => parseInstant((row[name] as BigQueryTimestamp).value)!) };
    case 'String': return { name, type, nulls: null, values: rows.map((row) => row[name] as string) };
  }
}
