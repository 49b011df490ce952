import type { Job } from '@google-cloud/bigquery';
import { totalUsage } from '../../domain/data/dataset-ref.ts';
import type { QueryUsage } from '../../domain/data/dataset-ref.ts';
import { isMissing, told } from './call-failure.ts';
import type { BigQueryConnection } from './connection.ts';
import { jobIdOf } from './run-job.ts';
import type { JobState } from './run-job.ts';

/**
 * What the queries with these keys cost, that earlier attempts ran to their end: of each key the last job that succeeded. BigQuery keeps jobs for 180 days
 * (cloud.google.com/bigquery/docs/managing-jobs); undefined where it has none of them any more.
 */
export async function earlierUsage(connection: BigQueryConnection, jobKeys: readonly string[], step: string): Promise<QueryUsage | undefined> {
  const usages = await Promise.all(jobKeys.map((jobKey) => told(lastUsage(connection, jobKey), `${step}: looking for what it cost`, connection.settings)));
  return totalUsage(usages);
}

async function lastUsage({ client, settings }: BigQueryConnection, jobKey: string): Promise<QueryUsage | undefined> {
  let usage: QueryUsage | undefined;
  for (let attempt = 0; ; attempt++) {
    const state = await stateOf(client.job(jobIdOf(jobKey, attempt), { location: settings.location }));
    if (state === undefined) return usage;
    if (state.status?.state !== 'DONE' || state.status.errorResult !== undefined) continue;
    const { totalBytesProcessed, totalBytesBilled } = state.statistics?.query ?? {};
    usage = { bytesProcessed: Number(totalBytesProcessed ?? 0), bytesBilled: Number(totalBytesBilled ?? 0) };
  }
}

async function stateOf(job: Job): Promise<JobState | undefined> {
  try {
    const [state] = (await job.getMetadata()) as unknown as readonly [JobState];
    return state;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
