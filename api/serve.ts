import { createServer, type Server } from 'node:http';
import type { Express } from 'express';
import { PipelineError } from '../domain/errors.ts';
import type { Log } from '../ports/log.ts';
import type { ModelHolder } from './model-holder.ts';

/** The alias is looked up this often, so that a promotion is served without a restart. */
const REFRESH_MS = 15_000;

export interface RunningApi {
  readonly url: string;
  /** Takes no new requests, finishes those under way, and resolves. */
  stop(): Promise<void>;
}

/** Listens; CONFLICT when the port is taken. Port 0: any free one. */
export async function serveApi(app: Express, models: ModelHolder, options: { readonly host: string; readonly port: number; readonly log: Log }): Promise<RunningApi> {
  const { host, port, log } = options;
  const server = createServer(app);
  await listen(server, host, port);
  const refresh = setInterval(() => void models.refresh(), REFRESH_MS);
  const bound = (server.address() as { readonly port: number }).port;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  log.info('api listening', { url, model: models.current.name, version: models.current.version });
  return {
    url,
    stop: async () => {
      clearInterval(refresh);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      await models.close();
    },
  };
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
