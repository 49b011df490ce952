import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '@google-cloud/bigquery';
import { PipelineError } from '../../domain/errors.ts';
import { asBigQueryError, isMissing, isThere, told } from './call-failure.ts';
import type { BigQueryConnection } from './connection.ts';
import { legalLabels } from './labels.ts';

/** The parts of a job that are read here (cloud.google.com/bigquery/docs/reference/rest/v2/Job). */
export interface JobState {
  readonly configuration?: { readonly query?: { readonly destinationTable?: { readonly projectId: string; readonly datasetId: string; readonly tableId: string } } };
  readonly status?: { readonly state?: string; readonly errorResult?: { readonly reason?: string; readonly message?: string } };
  readonly statistics?: { readonly endTime?: string; readonly query?: { readonly totalBytesProcessed?: string; readonly totalBytesBilled?: string } };
}

export interface JobRequest {
  /** What decides that two attempts want the same: the step, and what it does. Any text. */
  readonly jobKey: string;
  /** What the job is for, in words for messages. */
  readonly step: string;
  /** Makes a job with this id: `client.createJob`, or an upload. */
  readonly create: (jobId: string) => Promise<Job>;
  /** Whether what a finished job of an earlier attempt made is still there. */
  readonly usable: (state: JobState) => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

export interface FinishedJob {
  readonly jobId: string;
  readonly state: JobState;
}

/** More attempts at one step than any retry policy makes. */
const MOST_ATTEMPTS = 200;
const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 2000;

/** The job's id: the key, hashed to characters that are legal, and the number of the attempt. */
export function jobIdOf(jobKey: string, attempt: number): string {
  return `ml_pipeline_${createHash('sha256').update(jobKey).digest('hex').slice(0, 40)}_${attempt}`;
}

/** Labels of a job: ours, those of the settings, and the step. */
export function jobLabels({ settings }: Pick<BigQueryConnection, 'settings'>, labels: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  return legalLabels({ ...settings.labels, app: 'ml-pipeline', ...labels });
}

/**
 * Runs a job to its end, or finds the one that an earlier attempt made: an id that exists is waited for and its result is used. An id whose job failed, was cancelled or has lost its
 * result is followed by the next number. A job that vanishes while it is waited for is made again, once. Aborting `signal` cancels the job on the server.
 */
export async function runJob(connection: BigQueryConnection, request: JobRequest): Promise<FinishedJob> {
  let vanished = 0;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    request.signal?.throwIfAborted();
    const jobId = jobIdOf(request.jobKey, attempt);
    const { job, found } = await makeOrFind(connection, request, jobId);
    const state = await waitFor(connection, job, request);
    if (state === undefined) {
      if (found || vanished++ === 0) continue;
      throw new PipelineError('UNAVAILABLE', `BigQuery, ${request.step}: the job ${jobId} has vanished, as the one before it had. Try again later; \`bq ls -j\` shows the jobs of the project.`);
    }
    const failure = state.status?.errorResult;
    if (found && (failure !== undefined || !(await told(request.usable(state), request.step, connection.settings)))) continue;
    if (failure !== undefined) throw failed(asBigQueryError(failure, request.step, connection.settings), request, jobId, failure);
    return { jobId, state };
  }
  throw new PipelineError('UNAVAILABLE', `BigQuery, ${request.step}: ${MOST_ATTEMPTS} jobs failed one after the other. \`bq ls -j\` shows why.`);
}

function failed(error: unknown, { step }: JobRequest, jobId: string, failure: NonNullable<NonNullable<JobState['status']>['errorResult']>): unknown {
  return error instanceof PipelineError ? error : new PipelineError('UNAVAILABLE', `BigQuery, ${step}: the job ${jobId} failed (${failure.reason ?? 'no reason'}): ${failure.message ?? ''}`);
}

async function makeOrFind({ client, settings }: BigQueryConnection, { create, step }: JobRequest, jobId: string): Promise<{ readonly job: Job; readonly found: boolean }> {
  try {
    return { job: await create(jobId), found: false };
  } catch (error) {
    if (isThere(error)) return { job: client.job(jobId, { location: settings.location }), found: true };
    throw asBigQueryError(error, step, settings);
  }
}

/** The job when it is done; undefined when there is no such job any more. */
async function waitFor({ settings }: BigQueryConnection, job: Job, { signal, step }: JobRequest): Promise<JobState | undefined> {
  try {
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, LONGEST_POLL_MS)) {
      const [state] = (await job.getMetadata()) as unknown as readonly [JobState];
      if (state.status?.state === 'DONE') return state;
      await sleep(pause, undefined, signal === undefined ? {} : { signal });
    }
  } catch (error) {
    if (signal?.aborted === true) {
      await job.cancel().catch(() => undefined); // it may have ended, or is not reached: the abort is told all the same
      throw signal.reason;
    }
    if (isMissing(error)) return undefined;
    throw asBigQueryError(error, step, settings);
  }
}
