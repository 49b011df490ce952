import { createServer, type RequestListener, type Server } from 'node:http';
import { PipelineError } from '../domain/errors.ts';
import type { Log } from '../ports/log.ts';
import type { ModelHolder } from './model-holder.ts';

/** The alias is looked up this often, so that a promotion is served without a restart. */
const REFRESH_MS = 15_000;
/** Requests under way are given so long when the server stops: less than the ten seconds that Cloud Run and Docker wait before they kill. */
const DRAIN_MS = 8_000;
/** A client that takes longer to send its request is cut off. */
const REQUEST_MS = 30_000;

export interface RunningApi {
  readonly url: string;
  /** Takes no new requests, finishes those under way, and resolves. */
  stop(): Promise<void>;
}

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly log: Log;
}

/** Listens; CONFLICT when the port is taken. Port 0: any free one. `models` is refreshed while it listens, and closed at the end. */
export async function serveApi(app: RequestListener, models: ModelHolder | undefined, { host, port, log }: ServeOptions): Promise<RunningApi> {
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, app);
  await listen(server, host, port);
  const refresh = setInterval(() => void models?.refresh(), REFRESH_MS);
  const bound = (server.address() as { readonly port: number }).port;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  log.info('api listening', { url, model: models?.current.name, version: models?.current.version });
  return {
    url,
    stop: async () => {
      clearInterval(refresh);
      await drain(server);
      await models?.close();
    },
  };
}

/** A connection that is kept alive becomes idle when its answer is out, and is closed then; what still runs after the time given is cut off. */
async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const end = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
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
