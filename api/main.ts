import { bindPorts, closePorts } from '../config/bind-ports.ts';
import type { Project } from '../config/load-config.ts';
import type { Log } from '../ports/log.ts';
import { createApp } from './create-app.ts';
import { holdModel } from './model-holder.ts';
import { serveApi } from './serve.ts';

export interface StartedApi {
  readonly url: string;
  /** Drains and closes. */
  stop(): Promise<void>;
}

/** Binds the environment's ports, loads the model and listens; NOT_FOUND when the model does not exist. */
export async function startApi(project: Project, options: { readonly model: string; readonly host?: string; readonly port?: number; readonly log: Log }): Promise<StartedApi> {
  const { model, log, host = project.config.api.host, port = project.config.api.port } = options;
  const ports = await bindPorts(project);
  try {
    const models = await holdModel(ports, model, log);
    const app = createApp({ models, onlineStore: ports.onlineStore, clock: ports.clock, log });
    const api = await serveApi(app, models, { host, port, log });
    return {
      url: api.url,
      stop: async () => {
        await api.stop();
        await closePorts(ports);
      },
    };
  } catch (error) {
    await closePorts(ports);
    throw error;
  }
}
