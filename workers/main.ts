import { NativeConnection, Runtime, DefaultLogger, makeTelemetryFilterString, type RuntimeOptions } from '@temporalio/worker';
import { startPushDelivery, storeOfDefined } from '../adapters/system/push-delivery.ts';
import { temporalAway } from '../adapters/temporal/why-away.ts';
import { bindPorts, closePorts } from '../config/bind-ports.ts';
import type { Telemetry } from '../config/bind-telemetry.ts';
import type { Project } from '../config/load-config.ts';
import type { TelemetrySettings } from '../config/telemetry-settings.ts';
import { temporalConnection } from '../config/temporal-settings.ts';
import type { Log } from '../ports/log.ts';
import { logTemporal } from './temporal-log.ts';
import { createWorkerSet } from './worker-set.ts';
import { workflowBundle } from './workflow-bundle.ts';

export interface RunningWorker {
  /** Settles when the workers have ended. */
  readonly done: Promise<void>;
  /** Takes no new work, finishes or hands over what is under way, and resolves. */
  stop(): Promise<void>;
}

/** Names of its metrics begin with this. */
const TEMPORAL_METRIC_PREFIX = 'temporal_';

let runtimeInstalled = false;

/** Temporal's runtime is one per process and must be there before any connection. Signals are the caller's. What its native part says goes into the same log. */
function installRuntime(log: Log, telemetry: TelemetrySettings | undefined): void {
  if (runtimeInstalled) return;
  Runtime.install({ logger: new DefaultLogger('INFO', logTemporal(log)), shutdownSignals: [], telemetryOptions: { ...temporalMetrics(telemetry), logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } } });
  runtimeInstalled = true;
}

/** Temporal's own metrics (`temporal_*`), sent where ours are. */
function temporalMetrics(settings: TelemetrySettings | undefined): Pick<NonNullable<RuntimeOptions['telemetryOptions']>, 'metrics'> {
  if (settings === undefined) return {};
  const { endpoint, headers, interval_seconds: seconds } = settings;
  return { metrics: { metricPrefix: TEMPORAL_METRIC_PREFIX, globalTags: { service_name: 'ml-pipeline-worker' }, otel: { url: `${endpoint.replace(/\/$/, '')}/v1/metrics`, http: true, headers: { ...headers }, metricsExportInterval: seconds * 1000, useSecondsForDurations: true } } };
}

/** Binds the environment's ports and works on its task queues until stopped. UNAVAILABLE when Temporal does not answer. */
export async function startWorkers(project: Project, log: Log, telemetry?: Telemetry): Promise<RunningWorker> {
  installRuntime(log, project.config.telemetry);
  const { address, namespace, task_queue: taskQueue } = project.config.temporal;
  const place = await temporalConnection(project.folder, project.config.temporal);
  const connection = await NativeConnection.connect(place).catch(async (error: unknown) => {
    throw await temporalAway(place, error);
  });
  const ports = await bindPorts(project);
  const workers = await createWorkerSet(connection, ports, { namespace, taskQueue, workflowBundle: await workflowBundle(), activityInterceptors: telemetry?.activities ?? [] });
  log.info('worker started', { address, namespace, task_queue: taskQueue });
  const delivery = startPushDelivery({ ...ports, onlineStore: storeOfDefined(ports), log });
  const done = workers.run().finally(async () => {
    await delivery.stop();
    await closePorts(ports);
    await connection.close();
  });
  return {
    done,
    stop: async () => {
      workers.shutdown();
      await done;
    },
  };
}
