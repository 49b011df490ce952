import { openBigQuery } from '../../../adapters/bigquery/connection.ts';
import type { BigQueryConnection, BigQuerySettings } from '../../../adapters/bigquery/connection.ts';
import { startStandIn } from '../mlflow-rest/stand-in.ts';
import type { Answer, Asked } from '../mlflow-rest/stand-in.ts';

/** A job as BigQuery's API gives it (cloud.google.com/bigquery/docs/reference/rest/v2/Job). */
export interface StubJob {
  /** How often the job is asked for before it is done. */
  readonly polls?: number;
  readonly errorResult?: { readonly reason: string; readonly message: string };
  readonly bytesProcessed?: string;
  readonly bytesBilled?: string;
  /** The job is not to be found any more. */
  readonly vanished?: boolean;
}

export interface JobsStandIn {
  readonly connection: BigQueryConnection;
  readonly asked: Asked[];
  /** The bodies of the jobs that were asked for, without the dry runs. */
  inserted(): readonly { readonly jobReference: { readonly jobId: string; readonly location: string }; readonly configuration: Readonly<Record<string, unknown>> }[];
  stop(): Promise<void>;
}

export const SETTINGS: BigQuerySettings = {
  project: 'my-project', location: 'us-central1', maximum_bytes_billed: 10 * 2 ** 30, usd_per_tib: 6.25, labels: { Team: 'Data Science' },
  datasets: { raw: 'raw_events', feature_mart: 'feature_mart', spine: 'spine_data', registry: 'feast_registry' },
};

/** An error of the API (cloud.google.com/bigquery/docs/error-messages): the status, and a reason in the body. */
export function apiError(status: number, reason: string, message: string): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } } };
}

/**
 * BigQuery's REST API for jobs and tables, as far as a query needs it. `jobs`: what becomes of the jobs, in the order in which they are made; `existing`: those that are there before,
 * by the end of their ids; `dryRun`, `insert`, `table`, `cancel`: answers in place of the usual ones.
 */
export async function startJobs({ jobs = [{}], existing = {}, estimate = '1000', dryRun, insert, table, cancel }: {
  readonly jobs?: readonly StubJob[]; readonly existing?: Readonly<Record<string, StubJob>>; readonly estimate?: string;
  readonly dryRun?: () => Answer; readonly cancel?: () => Answer; readonly insert?: (index: number) => Answer | undefined; readonly table?: (index: number) => Answer;
}): Promise<JobsStandIn> {
  const made = new Map<string, StubJob>();
  const polled = new Map<string, number>();
  const [inserts, tables] = [{ count: 0 }, { count: 0 }];
  const find = (jobId: string): StubJob | undefined => made.get(jobId) ?? Object.entries(existing).find(([end]) => jobId.endsWith(end))?.[1];
  const json = (body: unknown): Answer => ({ headers: { 'content-type': 'application/json' }, body });
  const answer = ({ method, path, text }: Asked): Answer => {
    const [, resource = '', id = '', action] = /\/projects\/[^/]+\/(jobs|datasets)\/?([^/?]*)(\/[a-z]+)?/.exec(path) ?? [];
    if (resource === 'datasets') return table?.(tables.count++) ?? json({ numRows: '7' });
    if (method === 'POST' && id === '') {
      const body = JSON.parse(text) as { readonly jobReference: { readonly jobId: string }; readonly configuration: { readonly dryRun?: boolean } };
      if (body.configuration.dryRun === true) return dryRun?.() ?? json({ ...body, status: { state: 'DONE' }, statistics: { totalBytesProcessed: estimate, query: { totalBytesProcessed: estimate, statementType: 'SELECT', schema: { fields: [] } } } });
      const refused = insert?.(inserts.count);
      if (refused !== undefined) { inserts.count++; return refused; }
      const { jobId } = body.jobReference;
      if (find(jobId) !== undefined) return apiError(409, 'duplicate', `Already Exists: Job my-project:us-central1.${jobId}`);
      made.set(jobId, jobs[made.size] ?? {});
      inserts.count++;
      return json({ ...body, status: { state: 'RUNNING' } });
    }
    const job = find(id);
    if (action === '/cancel') return cancel?.() ?? json({ job: { status: { state: 'RUNNING' } } });
    if (job === undefined || job.vanished === true) return apiError(404, 'notFound', `Not found: Job my-project:us-central1.${id}`);
    const polls = (polled.get(id) ?? 0) + 1;
    polled.set(id, polls);
    const state = polls > (job.polls ?? 0) ? 'DONE' : 'RUNNING';
    const destinationTable = { projectId: 'my-project', datasetId: '_anonymous', tableId: `anon_${id}` };
    return json({ id, configuration: { query: { destinationTable } }, status: { state, ...(state === 'DONE' && job.errorResult !== undefined ? { errorResult: job.errorResult } : {}) }, statistics: { query: { totalBytesProcessed: job.bytesProcessed ?? '0', totalBytesBilled: job.bytesBilled ?? '0' } } });
  };
  const server = await startStandIn(answer);
  const bodies = (): ReturnType<JobsStandIn['inserted']> => server.asked.filter(({ method, path }) => method === 'POST' && /\/jobs\/?(\?|$)/.test(path)).map(({ text }) => JSON.parse(text) as ReturnType<JobsStandIn['inserted']>[number]);
  return {
    connection: openBigQuery({ ...SETTINGS, api_endpoint: server.uri }, { maxRetries: 2, totalTimeout: 2, maxRetryDelay: 0.05 }),
    asked: server.asked,
    inserted: () => bodies().filter(({ configuration }) => configuration['dryRun'] === undefined),
    stop: server.stop,
  };
}
