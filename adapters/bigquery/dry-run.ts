import { randomUUID } from 'node:crypto';
import { PipelineError } from '../../domain/errors.ts';
import { told } from './call-failure.ts';
import type { SchemaField } from './column-types.ts';
import type { BigQueryConnection, BigQuerySettings } from './connection.ts';
import { apiParameters } from './query-parameters.ts';
import type { ParameterValue } from './query-parameters.ts';

export interface DryQuery {
  readonly sql: string;
  readonly parameters?: Readonly<Record<string, ParameterValue>> | undefined;
  readonly types?: Readonly<Record<string, string>> | undefined;
  /** What the query is for, in words for messages: `writing the spine spine_data.x`. */
  readonly step: string;
}

export interface DryRun {
  /** Bytes that the query would process. */
  readonly bytes: number;
  readonly schema: readonly SchemaField[];
  /** SELECT, SCRIPT for several statements, ... */
  readonly statementType: string | undefined;
}

const TIB = 2 ** 40;

/** What BigQuery says of a query without running it; it costs nothing (cloud.google.com/bigquery/docs/running-queries, dry run). */
export async function dryRun({ client, settings }: BigQueryConnection, { sql, parameters = {}, types, step }: DryQuery): Promise<DryRun> {
  const [job] = await told(client.createJob({
    jobId: `dry_${randomUUID()}`, location: settings.location,
    configuration: { dryRun: true, query: { query: sql, useLegacySql: false, parameterMode: 'NAMED', queryParameters: apiParameters(parameters, types) } },
  }), step, settings);
  const { statistics } = job.metadata as { readonly statistics?: { readonly totalBytesProcessed?: string; readonly query?: { readonly totalBytesProcessed?: string; readonly statementType?: string; readonly schema?: { readonly fields?: readonly SchemaField[] } } } };
  return { bytes: Number(statistics?.query?.totalBytesProcessed ?? statistics?.totalBytesProcessed ?? 0), schema: statistics?.query?.schema?.fields ?? [], statementType: statistics?.query?.statementType };
}

/** UNSUPPORTED, with bytes, price and cure, when the query would process more than the settings allow; nothing has run then. */
export function refuseOverBudget(bytes: number, step: string, settings: BigQuerySettings): void {
  const { maximum_bytes_billed: most } = settings;
  if (bytes <= most) return;
  throw new PipelineError('UNSUPPORTED', `BigQuery, ${step}: the query would process ${costText(bytes, settings)}, and the budget is ${costText(most, settings)} (warehouse.maximum_bytes_billed: ${most}). This query was not run. Let it read less (fewer days, a filter on the partition column), or raise the budget.`);
}

function costText(bytes: number, { usd_per_tib: price }: BigQuerySettings): string {
  const size = bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(2)} MB`;
  return price === undefined ? size : `${size} (US$ ${((bytes / TIB) * price).toFixed(2)})`;
}
