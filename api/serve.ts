import { createServer, type RequestListener, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../domain/errors.ts';
import type { Log } from '../ports/log.ts';
import type { ModelHolder } from './model-holder.ts';
import { sendText } from './plain-http.ts';

/** The alias is looked up this often, so that a promotion is served without a restart. */
const REFRESH_MS = 15_000;
/** From the signal to the end, the delay included: less than the ten seconds that Cloud Run and Docker wait before they kill. */
const DRAIN_MS = 8_000;
/** Where load balancers ask whether to send requests here. */
const READINESS: ReadonlySet<string> = new Set(['/health', '/health/ready']);
/** A client that takes longer to send its request is cut off. */
const REQUEST_MS = 30_000;

export interface RunningApi {
  readonly url: string;
  /** Says on `/health` and `/health/ready` that it ends; takes requests for as long as it was told to, and asks each caller for a new connection; then takes none, finishes those under way, and resolves. */
  stop(): Promise<void>;
}

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** How long requests are taken after `stop`, milliseconds: until whoever sends them has seen that they belong elsewhere. Left out: not at all. */
  readonly stopDelayMs?: number;
}

/** Listens; CONFLICT when the port is taken. Port 0: any free one. `models` is refreshed while it listens, and closed at the end. */
export async function serveApi(app: RequestListener, models: ModelHolder | undefined, { host, port, log, stopDelayMs = 0 }: ServeOptions): Promise<RunningApi> {
  let stopping = false;
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
    if (stopping) response.shouldKeepAlive = false;
    if (stopping && READINESS.has(request.url ?? '')) sendText(response, 503, 'application/json', '{"status":"stopping"}');
    else app(request, response);
  });
  await listen(server, host, port);
  const refresh = setInterval(() => void models?.refresh(), REFRESH_MS);
  const bound = (server.address() as { readonly port: number }).port;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  log.info('api listening', { url, model: models?.current.name, version: models?.current.version });
  return {
    url,
    stop: async () => {
      clearInterval(refresh);
      stopping = true;
      log.info('api stopping', { url });
      const delay = Math.min(stopDelayMs, DRAIN_MS / 2);
      if (delay > 0) await sleep(delay);
      await drain(server, DRAIN_MS - delay);
      await models?.close();
    },
  };
}

/** A connection that is kept alive becomes idle when its answer is out, and is closed then; what still runs after the time given is cut off. */
async function drain(server: Server, millis: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const end = setTimeout(() => server.closeAllConnections(), millis);
  await closed;
  clearInterval(sweep);
  clearTimeout(end);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = new PipelineError('CONFLICT', `Port ${port} on ${host} is in use. Stop what listens there, or set API_PORT.`);
      reject(error.code === 'EADDRINUSE' ? taken : error);
    });
    server.listen(port, host, () => resolve());
  });
}
