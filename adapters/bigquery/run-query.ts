import type { Job } from '@google-cloud/bigquery';
import { totalUsage } from '../../domain/data/dataset-ref.ts';
import type { QueryUsage } from '../../domain/data/dataset-ref.ts';
import { isMissing, told } from './call-failure.ts';
import type { BigQueryConnection } from './connection.ts';
import { doneOnce } from './done-once.ts';
import { dryRun, refuseOverBudget } from './dry-run.ts';
import type { DryQuery } from './dry-run.ts';
import { apiParameters } from './query-parameters.ts';
import { jobLabels, runJob } from './run-job.ts';
import type { JobState } from './run-job.ts';
import type { TableId } from './sql.ts';

export interface QueryRequest extends DryQuery {
  /** What decides that two attempts want the same result: workflow, step and what the query does. Any text; the same key with another query gives the first one's result. */
  readonly jobKey: string;
  /** Where the result is kept; left out: an anonymous table that BigQuery removes after a day. Not for DDL, which names its own: see `table`. */
  readonly destination?: TableId | undefined;
  /** The table that a CREATE TABLE statement makes. */
  readonly table?: TableId | undefined;
  readonly partitioning?: { readonly timePartitioning?: object; readonly rangePartitioning?: object } | undefined;
  readonly clustering?: readonly string[] | undefined;
  /** The destination is removed so long after the query. */
  readonly expirationMillis?: number | undefined;
  readonly writeDisposition?: 'WRITE_EMPTY' | 'WRITE_TRUNCATE' | 'WRITE_APPEND' | undefined;
  readonly labels?: Readonly<Record<string, string | undefined>> | undefined;
  /** Whether a table that an earlier job made is still what that job made; default: it is there. */
  readonly isOurs?: ((table: TableMetadata) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FinishedQuery {
  readonly jobId: string;
  readonly destination: TableId;
  readonly rowCount: number;
  readonly bytesProcessed: number;
  readonly bytesBilled: number;
}

/** The parts of a table's metadata that are read here (cloud.google.com/bigquery/docs/reference/rest/v2/tables). Numbers are text, times milliseconds. */
export interface TableMetadata {
  readonly numRows?: string;
  readonly numBytes?: string;
  readonly expirationTime?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly schema?: { readonly fields?: readonly { readonly name?: string; readonly type?: string; readonly mode?: string }[] };
}

/**
 * Runs one query to its end, once where several of this process want it at the same moment (by `jobKey`): a dry run first, over budget it is refused; then a job whose id comes from `jobKey` (run-job.ts), labelled, in the location of the settings, with
 * `maximumBytesBilled`. Errors are those of call-failure.ts.
 */
export async function runQuery(connection: BigQueryConnection, request: QueryRequest): Promise<FinishedQuery> {
  request.signal?.throwIfAborted();
  return doneOnce(connection, request.jobKey, request.signal, () => runOrFind(connection, request));
}

async function runOrFind(connection: BigQueryConnection, request: QueryRequest): Promise<FinishedQuery> {
  const { settings } = connection;
  refuseOverBudget((await dryRun(connection, request)).bytes, request.step, settings);
  const tableOf = (state: JobState): TableId => request.table ?? request.destination ?? state.configuration!.query!.destinationTable!;
  const { jobId, state } = await runJob(connection, {
    jobKey: request.jobKey,
    step: request.step,
    signal: request.signal,
    create: (id) => createQueryJob(connection, request, id),
    usable: async (found) => {
      const metadata = await tableMetadata(connection, tableOf(found));
      return metadata !== undefined && (request.isOurs?.(metadata) ?? true);
    },
  });
  const destination = tableOf(state);
  const metadata = await told(tableMetadata(connection, destination), request.step, settings);
  const { expirationMillis: lives } = request;
  if (lives !== undefined && !(lifeLeft(metadata) > lives / 2)) await told(setExpiration(connection, destination, lives), request.step, settings);
  const { totalBytesProcessed, totalBytesBilled } = state.statistics?.query ?? {};
  return { jobId, destination, rowCount: Number(metadata?.numRows ?? 0), bytesProcessed: Number(totalBytesProcessed ?? 0), bytesBilled: Number(totalBytesBilled ?? 0) };
}

/** What the queries cost together; nothing where none ran. */
export function usageOf(queries: readonly FinishedQuery[]): { readonly usage?: QueryUsage } {
  const usage = totalUsage(queries);
  return usage === undefined ? {} : { usage };
}

/** The table's metadata; undefined when there is no such table. Other errors are the client's. */
export async function tableMetadata({ client }: Pick<BigQueryConnection, 'client'>, { projectId, datasetId, tableId }: TableId): Promise<TableMetadata | undefined> {
  try {
    const [metadata] = (await client.dataset(datasetId, { projectId }).table(tableId).getMetadata()) as unknown as readonly [TableMetadata];
    return metadata;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Milliseconds; NaN: the table does not expire. BigQuery takes five changes of a table's settings in ten seconds (cloud.google.com/bigquery/quotas), so they are not made without need. */
function lifeLeft(metadata: TableMetadata | undefined): number {
  return Number(metadata?.expirationTime) - Date.now();
}

async function setExpiration({ client }: BigQueryConnection, { projectId, datasetId, tableId }: TableId, millis: number): Promise<void> {
  await client.dataset(datasetId, { projectId }).table(tableId).setMetadata({ expirationTime: String(Date.now() + millis) });
}

async function createQueryJob(connection: BigQueryConnection, request: QueryRequest, jobId: string): Promise<Job> {
  const { settings } = connection;
  const { sql, parameters = {}, types, destination, partitioning, clustering, writeDisposition, labels } = request;
  const [job] = await connection.client.createJob({
    jobId,
    location: settings.location,
    configuration: {
      labels: jobLabels(connection, labels),
      query: {
        query: sql,
        useLegacySql: false,
        maximumBytesBilled: String(settings.maximum_bytes_billed),
        parameterMode: 'NAMED',
        queryParameters: apiParameters(parameters, types),
        ...(destination === undefined ? {} : { destinationTable: destination, writeDisposition: writeDisposition ?? 'WRITE_TRUNCATE', createDisposition: 'CREATE_IF_NEEDED' }),
        ...partitioning,
        ...(clustering === undefined || clustering.length === 0 ? {} : { clustering: { fields: [...clustering] } }),
      },
    },
  });
  return job;
}
