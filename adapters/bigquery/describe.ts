import { PipelineError } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { BoundQuery } from '../../ports/warehouse.ts';
import { isMissing, told } from './call-failure.ts';
import { nativeColumn, queryColumn } from './column-types.ts';
import type { NativeColumn } from './column-types.ts';
import type { BigQueryConnection } from './connection.ts';
import { dryRun } from './dry-run.ts';
import { boundParameters } from './query-parameters.ts';
import { tableMetadata } from './run-query.ts';
import { tableId } from './sql.ts';

/** The columns of a table or view, in its order. NOT_FOUND with the nearest name. */
export async function describeBigQueryTable(connection: BigQueryConnection, table: string): Promise<readonly NativeColumn[]> {
  const doing = `describing the table ${table}`;
  const id = tableId(connection.settings, table);
  const metadata = await told(tableMetadata(connection, id), doing, connection.settings);
  if (metadata?.schema?.fields === undefined) throw new PipelineError('NOT_FOUND', `There is no table ${table} in the warehouse (${id.projectId}.${id.datasetId}.${id.tableId}). ${suggestion(table, await told(tableNames(connection), doing, connection.settings))} \`ml-pipeline data load\` makes the tables of the sample data.`);
  return metadata.schema.fields.map(nativeColumn);
}

/** The columns that a query gives, found by a dry run. INVALID_TEMPLATE for a text that BigQuery refuses, or that is more than one SELECT. */
export async function describeBoundQuery(connection: BigQueryConnection, { sql, values }: BoundQuery, step: string): Promise<readonly NativeColumn[]> {
  const { schema, statementType } = await dryRun(connection, { sql, parameters: boundParameters(values), step }).catch((error: unknown) => { throw ofTemplate(error); });
  if (statementType !== undefined && statementType !== 'SELECT') throw new PipelineError('INVALID_TEMPLATE', `BigQuery, ${step}: the query is a ${statementType}, or several (multiple commands). Write one SELECT.`);
  return schema.map(queryColumn);
}

/** A table that the query names and is not there: the text is wrong, or the table is to be made. */
function ofTemplate(error: unknown): unknown {
  if (!(error instanceof PipelineError) || error.code !== 'NOT_FOUND') return error;
  return new PipelineError('INVALID_TEMPLATE', `${error.message} Or mend the loader's SQL template.`, { cause: error });
}

const MOST_NAMES = 200;

async function tableNames({ client, settings: { project, datasets } }: BigQueryConnection): Promise<string[]> {
  const named = { raw_events: datasets.raw, feature_mart: datasets.feature_mart };
  const lists = await Promise.all(Object.entries(named).map(async ([word, dataset]) => {
    try {
      const [tables] = await client.dataset(dataset, { projectId: project }).getTables({ maxResults: MOST_NAMES, autoPaginate: false });
      return tables.map(({ id }) => `${word}.${id ?? ''}`);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }));
  return lists.flat();
}
