import { setTimeout as sleep } from 'node:timers/promises';
import { startPushDelivery, storeOfDefined } from '../adapters/system/push-delivery.ts';
import { bindPorts, closePorts } from '../config/bind-ports.ts';
import type { Telemetry } from '../config/bind-telemetry.ts';
import type { Project } from '../config/load-config.ts';
import { temporalConnection } from '../config/temporal-settings.ts';
import type { Log } from '../ports/log.ts';
import type { MaterializationRunner } from '../ports/materialization-runner.ts';
import type { Ports } from '../ports/ports.ts';
import { createApp } from './create-app.ts';
import { holdDefinitions } from './feast/definitions.ts';
import { FEAST_PATHS, type FeatureServer } from './feast/handler.ts';
import { createPushQueue } from './feast/push-queue.ts';
import { createMetrics, type ApiMetrics } from './metrics.ts';
import { holdModel } from './model-holder.ts';
import { serveApi } from './serve.ts';

export interface StartedApi {
  readonly url: string;
  /** Drains and closes. */
  stop(): Promise<void>;
}

/** In place of a model's URI: features are served, and no predictions. */
export const NO_MODEL = 'none';

/** Binds the environment's ports, loads the model and listens; NOT_FOUND when the model does not exist. */
export async function startApi(project: Project, options: { readonly model: string; readonly host?: string; readonly port?: number; readonly log: Log; readonly telemetry?: Telemetry }): Promise<StartedApi> {
  const { model, log, host = project.config.api.host, port = project.config.api.port } = options;
  const bound = await bindPorts(project);
  const { telemetry } = options;
  const ports = telemetry === undefined ? bound : { ...bound, onlineStore: telemetry.onlineStore(bound.onlineStore) };
  const metrics = createMetrics();
  telemetry?.exportMetrics(metrics.registry);
  const opened: (() => Promise<void> | void)[] = [() => closePorts(ports)];
  const close = async (): Promise<void> => {
    for (const closeOne of opened.reverse()) await closeOne();
  };
  try {
    const models = model === NO_MODEL ? undefined : await holdModel(ports, model, log); // first: what a wrong URI is told does not wait for servers
    const features = await openFeatures(project, ports, log, { opened, metrics, starts: telemetry?.starts ?? [], isAlone: models === undefined })?.catch(async (error: unknown) => {
      await models?.close();
      throw error;
    });
    const app = createApp({ ...(models === undefined ? {} : { models }), ...(features === undefined ? {} : { features }), onlineStore: ports.onlineStore, clock: ports.clock, log, metrics });
    const api = await serveApi(telemetry?.observe(app, TRACED_PATHS) ?? app, models, { host, port, log, stopDelayMs: 1000 * (project.config.api.stop_delay_seconds ?? 0) });
    return {
      url: api.url,
      stop: async () => {
        await api.stop();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** By these paths traces are named. */
const TRACED_PATHS = new Set(['/predict', '/health/live', '/health/ready', '/metrics', '/openapi.json', ...FEAST_PATHS]);

/** How long the start waits for the tables of pushes, which the first push needs. A server that does not answer by then gets them by the delivery, when it does. */
const PREPARE_MS = 2_000;

interface FeatureOptions {
  /** Takes how to close what was opened. */
  readonly opened: (() => Promise<void> | void)[];
  /** Whether no model is served beside the features. */
  readonly isAlone: boolean;
  readonly metrics: ApiMetrics;
  readonly starts: Telemetry['starts'];
}

/** undefined where the configuration turns them off. */
function openFeatures(project: Project, ports: Ports, log: Log, options: FeatureOptions): Promise<FeatureServer> | undefined {
  const { feature_server: routes = 'all' } = project.config.api;
  return routes === 'off' ? undefined : openRoutes(project, ports, log, { ...options, readOnly: routes === 'read' });
}

/** What the feature routes need. Predictions need no registry: beside a model they are served without it until it answers. */
async function openRoutes(project: Project, ports: Ports, log: Log, { readOnly, opened, isAlone, metrics, starts }: FeatureOptions & { readonly readOnly: boolean }): Promise<FeatureServer> {
  const { clock, onlineStore, pushLog } = ports;
  const definitions = await holdDefinitions(ports.featureRegistry, { project: project.config.project, log, transforms: ports.transformRunner, isRequired: isAlone });
  opened.push(() => definitions.close());
  const runner = runnerOnDemand(project, ports, starts);
  opened.push(() => runner.close());
  await Promise.race([pushLog.prepare().catch((error: unknown) => log.warn('the tables of pushes are not there yet', { error: error instanceof Error ? error.message : String(error) })), sleep(PREPARE_MS, undefined, { ref: false })]);
  const defined = storeOfDefined(ports);
  const delivery = startPushDelivery({ pushLog, onlineStore: defined, clock, log });
  opened.push(() => delivery.stop());
  metrics.watch({ pushPendingRows: () => delivery.pendingRows, materializedUntil: () => definitions.materializedUntil });
  return { readOnly, definitions, onlineStore, clock, log, runner, queue: createPushQueue({ pushLog, onlineStore: defined, log, pendingRows: () => delivery.pendingRows }) };
}

/** Temporal's client takes a good part of a second to load, on one core: it is loaded by the first materialization that is asked for, not by the start. */
function runnerOnDemand({ folder, config }: Project, ports: Ports, starts: Telemetry['starts']): MaterializationRunner {
  let opened: Promise<MaterializationRunner> | undefined;
  const open = async (): Promise<MaterializationRunner> => {
    const [{ checkMaterialization }, { createMaterializationRunner }] = await Promise.all([import('../activities/plan-materialization.ts'), import('../adapters/temporal/materialization-runner.ts')]);
    const { namespace, task_queue: taskQueue } = config.temporal;
    return createMaterializationRunner({ connection: await temporalConnection(folder, config.temporal), namespace, taskQueue, interceptors: starts, check: (request) => checkMaterialization(ports, request) });
  };
  return {
    start: async (request) => (await (opened ??= open())).start(request),
    close: async () => (await opened)?.close(),
  };
}
