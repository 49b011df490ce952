import type { RequestListener } from 'node:http';
import type { MetricRegistry } from '../adapters/telemetry/metric-producer.ts';
import type { traceActivities } from '../adapters/telemetry/traced-activities.ts';
import type { traceStarts } from '../adapters/telemetry/traced-starts.ts';
import type { Log } from '../ports/log.ts';
import type { OnlineStore } from '../ports/online-store.ts';
import type { Project } from './load-config.ts';
import type { TelemetrySettings } from './telemetry-settings.ts';

export type ProcessName = 'api' | 'worker' | 'cli';

/** What a process tells of itself. */
export interface Telemetry {
  /** Logs and traces the requests of the API. */
  observe(listener: RequestListener, paths: ReadonlySet<string>): RequestListener;
  onlineStore(store: OnlineStore): OnlineStore;
  exportMetrics(registry: MetricRegistry): void;
  readonly starts: readonly ReturnType<typeof traceStarts>[];
  readonly activities: readonly ReturnType<typeof traceActivities>[];
  /** Sends what is left; takes a few seconds at most. */
  close(): Promise<void>;
}

/** undefined where the settings want neither spans and metrics nor a log line for each request: then nothing of it is loaded. */
export async function bindTelemetry({ config }: Project, process: ProcessName, version: string, log: Log): Promise<Telemetry | undefined> {
  const { logs, telemetry: settings } = config;
  if (settings === undefined && !(logs.format === 'cloud_logging' && process === 'api')) return undefined;
  const { observeRequests } = await import('../adapters/telemetry/observed-requests.ts');
  const sent = settings === undefined ? undefined : await openOtlp(settings, process, version, log);
  return {
    observe: (listener, paths) => observeRequests(listener, { log, paths, ...(sent === undefined ? {} : { spans: sent.otlp.spans }) }),
    onlineStore: (store) => sent?.traceOnlineStore(store, sent.otlp.spans) ?? store,
    exportMetrics: (registry) => sent?.otlp.exportMetrics(registry),
    starts: sent === undefined ? [] : [sent.traceStarts(sent.otlp.spans)],
    activities: sent?.activities ?? [],
    close: () => sent?.otlp.close() ?? Promise.resolve(),
  };
}

async function openOtlp(settings: TelemetrySettings, process: ProcessName, version: string, log: Log) {
  const [{ createOtlp }, { traceOnlineStore }, { traceStarts }] = await Promise.all([import('../adapters/telemetry/otlp.ts'), import('../adapters/telemetry/traced-store.ts'), import('../adapters/telemetry/traced-starts.ts')]);
  const otlp = createOtlp({ endpoint: settings.endpoint, headers: settings.headers, process, version, sampleRatio: settings.sample_ratio, intervalMillis: settings.interval_seconds * 1000, log });
  const activities = process === 'worker' ? [(await import('../adapters/telemetry/traced-activities.ts')).traceActivities(otlp.spans)] : [];
  return { otlp, traceOnlineStore, traceStarts, activities };
}

/** The log for Cloud Logging on standard error where the settings want it; undefined: the process's own. */
export async function bindCloudLog({ config: { logs } }: Project, process: ProcessName, version: string, write: (line: string) => void): Promise<Log | undefined> {
  if (logs.format !== 'cloud_logging') return undefined;
  const [{ createCloudLog }, { currentScope }] = await Promise.all([import('../adapters/system/cloud-log.ts'), import('../adapters/telemetry/trace-context.ts')]);
  return createCloudLog({ project: logs.project, service: `ml-pipeline-${process}`, version, write, scope: currentScope });
}
