import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../domain/errors.ts';
import { readArrowBatch } from './arrow-batch.ts';
import type { ArrowBatch } from './arrow-batch.ts';
import { asLoginError } from './call-failure.ts';
import { isPassing, readStream } from './read-stream.ts';
import type { ReadClient, ReadPatience } from './read-stream.ts';
import type { TableId } from './sql.ts';

export interface ReadSession {
  readonly client: ReadClient;
  /** The project that pays for the read. */
  readonly project: string;
  readonly table: TableId;
  readonly fields: readonly string[];
  /** A condition on rows in SQL; left out: all rows. */
  readonly restriction?: string | undefined;
  /** How many streams at most are read side by side. */
  readonly streams: number;
  readonly signal?: AbortSignal | undefined;
  readonly patience?: ReadPatience;
}

/** Of one request for a session. */
const SESSION_MS = 60_000;

/** Batches that wait to be taken, of all streams of a session together. */
const READ_AHEAD = 4;

/**
 * The rows of a table by the Storage Read API, in Arrow, in whatever order the streams give them; of each stream one batch is held at a time, and a few wait.
 * When the consumer stops, a stream fails or the signal aborts, all streams are ended.
 */
export async function* readSession(session: ReadSession): AsyncGenerator<ArrowBatch> {
  const { schema, names } = await openSession(session);
  const stop = new AbortController();
  const signal = session.signal === undefined ? stop.signal : AbortSignal.any([session.signal, stop.signal]);
  const queue = createQueue<Uint8Array>(READ_AHEAD);
  const readers = names.map(async (name) => {
    for await (const { bytes } of readStream(session.client, name, signal, session.patience)) if (!(await queue.put(bytes))) return;
  });
  void Promise.all(readers).then(() => queue.end(), (error: unknown) => queue.end(asReadError(error, session.table)));
  try {
    for await (const bytes of queue.items()) yield readArrowBatch(schema, bytes);
  } finally {
    queue.close();
    stop.abort(new Error('The read has ended.'));
    await Promise.allSettled(readers);
  }
}

async function openSession({ client, project, table, fields, restriction, streams, signal, patience = { attempts: 6, firstMs: 200 } }: ReadSession): Promise<{ readonly schema: Uint8Array; readonly names: readonly string[] }> {
  const wish = {
    parent: `projects/${project}`, maxStreamCount: streams,
    readSession: {
      table: `projects/${table.projectId}/datasets/${table.datasetId}/tables/${table.tableId}`, dataFormat: 'ARROW' as const,
      readOptions: { selectedFields: [...fields], ...(restriction === undefined ? {} : { rowRestriction: restriction }) },
    },
  };
  for (let failures = 1; ; failures++) {
    signal?.throwIfAborted();
    try {
      const [{ arrowSchema, streams: opened }] = await client.createReadSession(wish, { timeout: SESSION_MS, retry: null }); // tried again below
      const schema = arrowSchema?.serializedSchema;
      return { schema: schema instanceof Uint8Array ? schema : new Uint8Array(0), names: (opened ?? []).map(({ name }) => name ?? '') };
    } catch (error) {
      if (!isPassing(error) || failures >= patience.attempts) throw asReadError(error, table);
      await sleep(patience.firstMs * 2 ** (failures - 1));
    }
  }
}

const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/** The gRPC errors of the Storage Read API as users meet them (cloud.google.com/bigquery/docs/reference/storage/troubleshooting). */
function asReadError(error: unknown, { tableId: table }: TableId): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof PipelineError) return error;
  const login = asLoginError(error, `reading ${table} by the Storage Read API`);
  if (login !== undefined) return login;
  const { code, details } = error as Error & { readonly code?: unknown; readonly details?: unknown };
  const said = typeof details === 'string' ? ` It said: ${details.slice(0, 300)}` : '';
  if (code === NOT_FOUND) return new PipelineError('NOT_FOUND', `The result table ${table} does not exist (any more): it expires a day after its query. Start the step again.${said}`, { cause: error });
  if (code === PERMISSION_DENIED) return new PipelineError('INVALID_CONFIG', `The account may not read ${table} by the Storage Read API. Grant it roles/bigquery.readSessionUser on the project, and roles/bigquery.dataViewer on the data set.${said}`, { cause: error });
  if (code === UNAUTHENTICATED) return new PipelineError('INVALID_CONFIG', `Google Cloud did not accept the credentials. On a laptop run \`gcloud auth application-default login\`; on a server give the process a service account.${said}`, { cause: error });
  return isPassing(error) ? new PipelineError('UNAVAILABLE', `BigQuery's Storage Read API does not answer. Try again later; with warehouse.grpc_endpoint set, check that address.${said}`, { cause: error }) : error;
}

/** Items of several producers for one consumer; a producer waits while `limit` items are waiting. */
function createQueue<T>(limit: number): { put(item: T): Promise<boolean>; end(error?: Error): void; close(): void; items(): AsyncGenerator<T> } {
  const waiting: T[] = [];
  const wakes = new Set<() => void>();
  let state: 'open' | 'ended' | 'closed' = 'open';
  let failure: Error | undefined;
  const change = (): void => { for (const wake of [...wakes]) wake(); };
  const changed = (): Promise<void> => new Promise((resolve) => {
    const wake = (): void => { wakes.delete(wake); resolve(); };
    wakes.add(wake);
  });
  return {
    async put(item) {
      while (waiting.length >= limit && state === 'open') await changed();
      if (state !== 'open') return false;
      waiting.push(item);
      change();
      return true;
    },
    end(error) {
      if (state === 'open') state = 'ended';
      failure = error;
      change();
    },
    close() {
      state = 'closed';
      change();
    },
    async *items() {
      for (;;) {
        const item = waiting.shift();
        if (item !== undefined) {
          change();
          yield item;
        } else if (state === 'open') await changed();
        else if (failure !== undefined) throw failure;
        else return;
      }
    },
  };
}
