import type { v1 } from '@google-cloud/bigquery-storage';
import { STATUS, type RowError } from './push-errors.ts';

/** A request of AppendRows, and what comes back (cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1). */
export interface AppendRequest {
  readonly offset: number;
  readonly rows: readonly Buffer[];
}

interface AppendResponse {
  readonly error?: { readonly code?: number | null; readonly message?: string | null } | null;
  readonly rowErrors?: readonly RowError[] | null;
  readonly updatedSchema?: object | null;
}

/** A connection to one stream. Answers come in the order of the requests. */
export interface AppendConnection {
  /** Resolves when the rows are in, to whether the table has another schema now. Rejects with `code`, and `rowErrors` where single rows are refused. */
  append(request: AppendRequest, timeoutMs: number): Promise<{ readonly isSchemaNew: boolean }>;
  close(): void;
}

interface Waiting {
  readonly done: (response: AppendResponse) => void;
  readonly failed: (error: unknown) => void;
}

export function openAppendConnection(client: v1.BigQueryWriteClient, stream: string, descriptor: Readonly<Record<string, unknown>>): AppendConnection {
  // the header tells the service which region has the table
  const call = client.appendRows({ otherArgs: { headers: { 'x-goog-request-params': `write_stream=${stream}` } } });
  const waiting: Waiting[] = [];
  let isFirst = true;
  let isOver = false;
  const end = (error: unknown): void => {
    isOver = true;
    for (const { failed } of waiting.splice(0)) failed(error);
  };
  call.on('data', (response: AppendResponse) => waiting.shift()?.done(response));
  call.on('error', end);
  call.on('end', () => end(failure(STATUS.UNAVAILABLE, 'The service ended the connection.')));
  call.on('close', () => end(failure(STATUS.UNAVAILABLE, 'The connection is closed.')));
  return {
    append: async ({ offset, rows }, timeoutMs) => {
      if (isOver) throw failure(STATUS.UNAVAILABLE, 'The connection is closed.');
      const schema = isFirst ? { writeStream: stream, traceId: 'ml-pipeline' } : {};
      const writerSchema = isFirst ? { writerSchema: { protoDescriptor: descriptor } } : {};
      isFirst = false;
      const response = await within(timeoutMs, new Promise<AppendResponse>((done, failed) => {
        waiting.push({ done, failed });
        call.write({ ...schema, offset: { value: offset }, protoRows: { ...writerSchema, rows: { serializedRows: rows } } });
      }));
      if (response.error) throw failure(response.error.code ?? STATUS.UNKNOWN, response.error.message ?? '', (response.rowErrors ?? []).map(({ index, message }) => ({ index: Number(index), message })));
      return { isSchemaNew: Boolean(response.updatedSchema) };
    },
    close: () => {
      isOver = true;
      call.end();
      call.destroy();
    },
  };
}

function failure(code: number, message: string, rowErrors: readonly RowError[] = []): Error {
  return Object.assign(new Error(message), { code, rowErrors });
}

/** Rejects with DEADLINE_EXCEEDED when the work takes longer. */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failure(STATUS.DEADLINE_EXCEEDED, `There was no answer within ${Math.max(0, Math.round(timeoutMs))} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
