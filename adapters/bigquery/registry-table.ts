import { randomUUID } from 'node:crypto';
import type { Table } from '@google-cloud/bigquery';
import type { RegistryTable } from '../../ports/registry-table.ts';
import { isMissing, told } from './call-failure.ts';
import type { BigQueryConnection } from './connection.ts';
import { loadRows } from './load-rows.ts';

const TABLE = 'objects';

const SCHEMA = [
  { name: 'project', type: 'STRING', mode: 'REQUIRED', description: "Feast's project" },
  { name: 'kind', type: 'STRING', mode: 'REQUIRED', description: 'project, entity, data source, feature view, feature service, ...' },
  { name: 'name', type: 'STRING', mode: 'REQUIRED' },
  { name: 'definition', type: 'STRING', mode: 'REQUIRED', description: "JSON of Feast's message: PARSE_JSON reads it" },
  { name: 'generation', type: 'INTEGER', mode: 'REQUIRED', description: 'Of the registry file that the row is from' },
  { name: 'updated', type: 'TIMESTAMP', mode: 'REQUIRED', description: 'When the row was written' },
] as const;

/** The table `objects` of a data set: one row for each object of the registry file. A load job takes the place of the whole; it costs nothing. Closes the connection with itself. */
export function createBigQueryRegistryTable(connection: BigQueryConnection): RegistryTable {
  const { settings } = connection;
  const dataset = settings.datasets.registry;
  const table = (): Table => connection.client.dataset(dataset).table(TABLE);
  const step = `writing the rows of the registry into ${dataset}.${TABLE}`;
  return {
    async generation() {
      try {
        const [rows] = (await table().getRows({ maxResults: 1, selectedFields: 'generation', autoPaginate: false })) as unknown as [readonly { readonly generation: number | string }[]];
        return rows[0] === undefined ? undefined : String(rows[0].generation);
      } catch (error) {
        if (isMissing(error)) return undefined;
        return told(Promise.reject(error as Error), `reading ${dataset}.${TABLE}`, settings);
      }
    },
    async replace(rows, generation) {
      const updated = new Date().toISOString();
      await loadRows(connection, {
        table: { projectId: settings.project, datasetId: dataset, tableId: TABLE },
        load: { sourceFormat: 'NEWLINE_DELIMITED_JSON', writeDisposition: 'WRITE_TRUNCATE', schema: { fields: [...SCHEMA] }, clustering: { fields: ['project', 'kind'] } },
        content: async function* () {
          for (const row of rows) yield `${JSON.stringify({ ...row, generation, updated })}\n`;
        },
        jobKey: `registry ${generation} ${randomUUID()}`,
        doing: step,
        labels: { step: 'registry' },
      });
    },
    close: () => connection.close(),
  };
}
