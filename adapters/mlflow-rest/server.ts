import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../domain/errors.ts';
import { answerFailure, networkFailure } from './call-failure.ts';
import type { Failure } from './call-failure.ts';
import { authHeaders } from './server-auth.ts';
import type { ServerAuth } from './server-auth.ts';

export interface ServerOptions {
  /** http or https, without user, password, query. */
  readonly uri: string;
  readonly auth: ServerAuth;
  /** For one call of the API, answer included; for files, how long nothing may move. Default 60 s. */
  readonly timeoutMillis?: number;
  /** The first pause before a repeat; it doubles. Default 300 ms. */
  readonly pauseMillis?: number;
  /** Opens a folder of a bucket by its gs:// address, for servers that have callers write to it themselves. Absent: such servers are refused. */
  readonly openBucketFolder?: (uri: string) => Promise<BucketFolder>;
}

/** Files below an address in a bucket. The paths are relative, with `/`. */
export interface BucketFolder {
  put(path: string, localFile: string): Promise<void>;
  files(): Promise<{ readonly path: string; readonly bytes: number }[]>;
  get(path: string, localFile: string): Promise<void>;
}

type Query = Readonly<Record<string, string>>;

/** One call of MLflow's REST API. `path`: below `/api/2.0/`. */
export interface ApiCall {
  readonly what: string;
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default: POST with a body, else GET. */
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** False for what must not happen twice: then it is repeated only where the server surely did nothing. */
  readonly repeatable?: boolean;
}

/** One transfer of a file. `body` and `read` are called anew at each try. */
export interface Transfer<T> {
  readonly what: string;
  readonly path: string;
  readonly method: 'GET' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  /** `moved` is to be called whenever bytes have moved. */
  readonly body?: (moved: () => void) => AsyncIterable<Uint8Array>;
  readonly read: (response: Response, moved: () => void) => Promise<T>;
}

/** An MLflow server. Every failure is a PipelineError; what may pass is tried again, up to four times in all. */
export interface Server {
  readonly uri: string;
  readonly openBucketFolder: ServerOptions['openBucketFolder'];
  call<T extends object>(call: ApiCall): Promise<T>;
  transfer<T>(transfer: Transfer<T>): Promise<T>;
}

const TRIES = 4;
const LONGEST_WAIT_MILLIS = 20_000;

export function connectServer(options: ServerOptions): Server {
  const { auth, timeoutMillis = 60_000, pauseMillis = 300 } = options;
  const uri = options.uri.replace(/\/+$/, '');
  const failed = { uri, auth };
  return {
    uri,
    openBucketFolder: options.openBucketFolder,
    call: async <T extends object>({ what, path, query, body, method, repeatable = true }: ApiCall): Promise<T> =>
      untilDone(pauseMillis, repeatable, () =>
        attempt({ ...failed, what }, async () => {
          const request = { method: method ?? (body === undefined ? 'GET' : 'POST'), signal: AbortSignal.timeout(timeoutMillis), headers: { ...(await authHeaders(auth)), 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
          return { response: await fetch(`${uri}/api/2.0/${path}${query === undefined ? '' : `?${new URLSearchParams(query)}`}`, { ...request, redirect: 'manual' }), read: (response) => readJson<T>(response, uri) };
        })),
    transfer: async <T>({ what, path, method, headers, body, read }: Transfer<T>): Promise<T> =>
      untilDone(pauseMillis, true, () =>
        watched(timeoutMillis, (signal, moved) =>
          attempt({ ...failed, what }, async () => {
            const request = { method, signal, headers: { ...(await authHeaders(auth)), ...headers }, ...(body === undefined ? {} : { body: ReadableStream.from(body(moved)), duplex: 'half' as const }) };
            // Unless told so by both settings, fetch keeps a second copy of the body in memory, for a redirect.
            return { response: await fetch(`${uri}/api/2.0/${path}`, { ...request, redirect: 'error', window: null }), read: (response) => read(response, moved) };
          }))),
  };
}

type Outcome<T> = { readonly value: T } | Failure;

async function attempt<T>(call: Parameters<typeof answerFailure>[0], send: () => Promise<{ readonly response: Response; readonly read: (response: Response) => Promise<T> }>): Promise<Outcome<T>> {
  try {
    const { response, read } = await send();
    return response.ok ? { value: await read(response) } : await answerFailure(call, response);
  } catch (error) {
    return networkFailure(call, error);
  }
}

async function untilDone<T>(pauseMillis: number, repeatable: boolean, once: () => Promise<Outcome<T>>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await once();
    if ('value' in outcome) return outcome.value;
    const { error, repeat, waitMillis = 0 } = outcome;
    if (tries === TRIES || repeat === 'never' || (repeat === 'if-repeatable' && !repeatable) || waitMillis > LONGEST_WAIT_MILLIS) throw error;
    await sleep(Math.max(waitMillis, pauseMillis * 2 ** (tries - 1) * (0.5 + Math.random() / 2)));
  }
}

/** Breaks a transfer off when nothing has moved for the time. */
async function watched<T>(idleMillis: number, work: (signal: AbortSignal, moved: () => void) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('nothing moved', 'TimeoutError')), idleMillis);
  try {
    return await work(controller.signal, () => timer.refresh());
  } finally {
    clearTimeout(timer);
  }
}

async function readJson<T extends object>(response: Response, uri: string): Promise<T> {
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new PipelineError('INVALID_CONFIG', `What answers at ${uri} is no MLflow server: it sent no JSON. Check tracking.uri in config/environments.`, { cause: error });
  }
}
