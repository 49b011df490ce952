import { hostname } from 'node:os';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider, ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-node';
import type { Log } from '../../ports/log.ts';
import type { MetricRegistry } from './metric-producer.ts';
import type { SentMetrics } from './sent-metrics.ts';
import { exporterWhenUsed } from './span-exporter.ts';
import { createSpans, type Spans } from './spans.ts';
import { runWithin } from './trace-context.ts';

export interface OtlpOptions {
  /** Base address; `/v1/traces` and `/v1/metrics` are below it. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `api`, `worker` or `cli`. */
  readonly process: string;
  readonly version: string;
  /** Of traces that begin here, from 0 to 1; others are kept as their beginning says. */
  readonly sampleRatio: number;
  readonly intervalMillis: number;
  readonly log: Log;
}

export interface Otlp {
  readonly spans: Spans;
  /** Sends what the registry counts, from now on. */
  exportMetrics(registry: MetricRegistry): void;
  /** Sends what is left, as far as that takes no longer than a few seconds. */
  close(): Promise<void>;
}

const TIMEOUT_MS = 3_000;
/** Spans wait so long for others to be sent with. */
const SPANS_MS = 5_000;
const SCOPE = 'ml-pipeline';
/** What sends metrics is loaded so long after the start, which it would hold up. */
const METRICS_AFTER_MS = 5_000;

/**
 * OpenTelemetry over HTTP (OTLP). Spans wait in a queue of bounded length and are dropped beyond it; an endpoint that is away costs requests nothing, and the log says so once.
 */
export function createOtlp({ endpoint, headers, process: name, version, sampleRatio, intervalMillis, log }: OtlpOptions): Otlp {
  const resource = resourceFromAttributes({ 'service.name': `${SCOPE}-${name}`, 'service.version': version, 'service.instance.id': `${hostname()}-${process.pid}` });
  const to = (path: string): { readonly url: string; readonly headers: Record<string, string>; readonly timeoutMillis: number } => ({ url: `${endpoint.replace(/\/$/, '')}/v1/${path}`, headers: { ...headers }, timeoutMillis: TIMEOUT_MS });
  const tell = troubleOf(log, endpoint);
  const traces = exporterWhenUsed(async () => told(new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter(to('traces')), tell));
  const provider = new NodeTracerProvider({ resource, sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }), spanProcessors: [new BatchSpanProcessor(traces, { scheduledDelayMillis: Math.min(SPANS_MS, intervalMillis), exportTimeoutMillis: TIMEOUT_MS })] });
  const metrics: { close(): Promise<void> }[] = [];
  return {
    spans: createSpans(provider.getTracer(SCOPE, version), runWithin),
    exportMetrics: (registry) => {
      const open = async (): Promise<SentMetrics> => {
        const [{ OTLPMetricExporter }, { sendMetrics }] = await Promise.all([import('@opentelemetry/exporter-metrics-otlp-http'), import('./sent-metrics.ts')]);
        return sendMetrics({ registry, resource, scope: SCOPE, exporter: told(new OTLPMetricExporter(to('metrics')), tell), intervalMillis, timeoutMillis: TIMEOUT_MS });
      };
      metrics.push(openedLater(open, Math.min(METRICS_AFTER_MS, intervalMillis)));
    },
    close: async () => {
      await Promise.allSettled([...metrics.map((one) => one.close()), provider.shutdown()]);
    },
  };
}

/** Opens after so long, or when it is closed before: what was counted until then is sent, too. */
function openedLater(open: () => Promise<SentMetrics>, afterMs: number): { close(): Promise<void> } {
  let opened: Promise<SentMetrics> | undefined;
  const timer = setTimeout(() => {
    opened = open();
    opened.catch(() => undefined); // thrown where it is closed
  }, afterMs).unref();
  return {
    close: async () => {
      clearTimeout(timer);
      await (await (opened ?? open())).close();
    },
  };
}

interface Outcome {
  readonly code: number;
  readonly error?: Error;
}

/** The exporter, whose outcomes are told: the library itself keeps silent. */
function told<E extends { export(items: never, done: (outcome: Outcome) => void): void }>(exporter: E, tell: (outcome: Outcome) => void): E {
  const send = exporter.export.bind(exporter) as (items: unknown, done: (outcome: Outcome) => void) => void;
  exporter.export = ((items: unknown, done: (outcome: Outcome) => void) =>
    send(items, (outcome) => {
      tell(outcome);
      done(outcome);
    })) as E['export'];
  return exporter;
}

/** One line when sending begins to fail, one when it works again. */
function troubleOf(log: Log, endpoint: string): (outcome: Outcome) => void {
  let isTroubled = false;
  return ({ code, error }) => {
    const fails = code !== 0;
    if (fails && !isTroubled) log.warn('telemetry is not taken, and is dropped meanwhile', { endpoint, error: error?.message });
    if (!fails && isTroubled) log.info('telemetry is taken again', { endpoint });
    isTroubled = fails;
  };
}
