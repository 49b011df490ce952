import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Job } from '@google-cloud/bigquery';
import type { BigQueryConnection } from './connection.ts';
import { jobLabels, runJob } from './run-job.ts';
import type { TableId } from './sql.ts';

export interface LoadRequest {
  readonly table: TableId;
  /** `configuration.load` of the job besides the table: format, schema, partitioning (cloud.google.com/bigquery/docs/reference/rest/v2/Job, JobConfigurationLoad). */
  readonly load: Readonly<Record<string, unknown>>;
  /** The file, from its beginning each time it is asked for. */
  readonly content: () => AsyncIterable<string | Uint8Array>;
  readonly jobKey: string;
  /** What the job is for, in words for messages. */
  readonly doing: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Puts a file into a table by a load job, sent as it is read: memory does not grow with it. The rows are there together, or not at all. A load costs nothing. */
export async function loadRows(connection: BigQueryConnection, request: LoadRequest): Promise<void> {
  const { jobKey, doing, signal } = request;
  await runJob(connection, { jobKey, step: doing, signal, usable: () => Promise.resolve(true), create: (jobId) => upload(connection, request, jobId) });
}

/** The upload that the client's `createWriteStream` makes, with labels, which that leaves out. */
async function upload({ client, settings }: BigQueryConnection, { table, load, content, labels, signal }: LoadRequest, jobId: string): Promise<Job> {
  const { common } = await import('@google-cloud/bigquery');
  const { project: projectId, location } = settings;
  const metadata = { jobReference: { projectId, jobId, location }, configuration: { labels: jobLabels({ settings }, labels), load: { destinationTable: table, ...load } } };
  const entry = new PassThrough();
  const answered = new Promise<void>((done, failed) => {
    const target = { setWritable: (writable: NodeJS.WritableStream) => entry.pipe(writable), emit: () => false, destroy: (error: Error) => failed(error) };
    const request = { uri: `${client.apiEndpoint}/upload/bigquery/v2/projects/${projectId}/jobs` };
    common.util.makeWritableStream(target as never, { makeAuthenticatedRequest: client.makeAuthenticatedRequest, metadata, request } as never, () => done());
  });
  const sent = pipeline(Readable.from(content()), entry, signal === undefined ? {} : { signal });
  await Promise.race([answered, sent.then(() => answered)]);
  return client.job(jobId, { location });
}
