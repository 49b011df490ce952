import { setTimeout as sleep } from 'node:timers/promises';
import type { v1 } from '@google-cloud/bigquery-storage';
import { PipelineError } from '../../domain/errors.ts';
import { isCertificateRefused } from '../google-auth/certificates.ts';

/** Rows of one stream of a read session, still in Arrow's form. */
export interface StreamBatch {
  readonly rowCount: number;
  readonly bytes: Uint8Array;
}

/** What the reads need of the client of the Storage Read API. */
export type ReadClient = Pick<v1.BigQueryReadClient, 'createReadSession' | 'readRows'>;

/** How often in a row a stream may break before a row has come, and how long to wait before each attempt. */
export interface ReadPatience {
  readonly attempts: number;
  readonly firstMs: number;
}
const PATIENCE: ReadPatience = { attempts: 8, firstMs: 100 };
const LONGEST_WAIT_MS = 10_000;

/** gRPC status codes after which the same request can help: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL (as broken connections are told), UNAVAILABLE. */
const PASSING: ReadonlySet<unknown> = new Set([4, 8, 10, 13, 14]);

/**
 * The batches of a stream, each row once: a stream that breaks is read on from the row that it had come to (cloud.google.com/bigquery/docs/reference/storage, ReadRows, offset).
 * The server waits while the consumer works. Ends the call when the consumer stops or the signal aborts.
 */
export async function* readStream(client: Pick<ReadClient, 'readRows'>, name: string, signal: AbortSignal | undefined, patience: ReadPatience = PATIENCE): AsyncGenerator<StreamBatch> {
  let [rows, failures] = [0, 0];
  for (;;) {
    try {
      for await (const batch of readFrom(client, name, rows, signal)) {
        rows += batch.rowCount;
        failures = 0;
        yield batch;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isPassing(error)) throw error;
      failures++;
      if (failures >= patience.attempts) throw new PipelineError('UNAVAILABLE', `BigQuery's Storage Read API broke off ${failures} times without a row between. Try again later; status.cloud.google.com tells of outages.`, { cause: error });
      await sleep(Math.min(patience.firstMs * 2 ** (failures - 1), LONGEST_WAIT_MS), undefined, { ...(signal === undefined ? {} : { signal }) }).catch((reason: unknown) => { throw signal?.reason ?? reason; });
    }
  }
}

export function isPassing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && PASSING.has((error as { readonly code?: unknown }).code) && !isCertificateRefused(error);
}

interface ReadRowsAnswer {
  readonly rowCount?: number | string | { toString(): string } | null;
  readonly arrowRecordBatch?: { readonly serializedRecordBatch?: Uint8Array | string | null } | null;
}

async function* readFrom(client: Pick<ReadClient, 'readRows'>, name: string, offset: number, signal: AbortSignal | undefined): AsyncGenerator<StreamBatch> {
  signal?.throwIfAborted();
  // The client's own retries would begin the stream anew; its default deadline of a day is kept.
  const call = client.readRows({ readStream: name, offset }, { retryRequestOptions: { retries: 0, noResponseRetries: 0 } });
  const cancel = (): void => { call.cancel(); call.destroy(); };
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    for await (const answer of call as AsyncIterable<ReadRowsAnswer>) {
      const bytes = answer.arrowRecordBatch?.serializedRecordBatch;
      if (bytes instanceof Uint8Array && bytes.length > 0) yield { rowCount: Number(answer.rowCount ?? 0), bytes };
    }
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', cancel);
    cancel();
  }
}
