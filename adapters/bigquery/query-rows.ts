import { told } from './call-failure.ts';
import type { BigQueryConnection } from './connection.ts';

/** The rows of a finished query that gives few: counts, bounds. Their shape is the query's. */
export async function queryRows<T>({ client, settings }: BigQueryConnection, jobId: string, step: string): Promise<readonly T[]> {
  const [rows] = await told(client.job(jobId, { location: settings.location }).getQueryResults({ maxResults: 1000, autoPaginate: false }), step, settings);
  return rows as readonly T[];
}
