import { hostname } from 'node:os';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider, ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-node';
import type { Log } from '../../ports/log.ts';
import { createMetricProducer, type MetricRegistry } from './metric-producer.ts';
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

/**
 * OpenTelemetry over HTTP (OTLP). Spans wait in a queue of bounded length and are dropped beyond it; an endpoint that is away costs requests nothing, and the log says so once.
 */
export function createOtlp({ endpoint, headers, process: name, version, sampleRatio, intervalMillis, log }: OtlpOptions): Otlp {
  const resource = resourceFromAttributes({ 'service.name': `${SCOPE}-${name}`, 'service.version': version, 'service.instance.id': `${hostname()}-${process.pid}` });
  const to = (path: string): { readonly url: string; readonly headers: Record<string, string>; readonly timeoutMillis: number } => ({ url: `${endpoint.replace(/\/$/, '')}/v1/${path}`, headers: { ...headers }, timeoutMillis: TIMEOUT_MS });
  const tell = troubleOf(log, endpoint);
  const traces = told(new OTLPTraceExporter(to('traces')), tell);
  const provider = new NodeTracerProvider({ resource, sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }), spanProcessors: [new BatchSpanProcessor(traces, { scheduledDelayMillis: Math.min(SPANS_MS, intervalMillis), exportTimeoutMillis: TIMEOUT_MS })] });
  const meters: MeterProvider[] = [];
  return {
    spans: createSpans(provider.getTracer(SCOPE, version), runWithin),
    exportMetrics: (registry) => {
      const exporter = told(new OTLPMetricExporter(to('metrics')), tell);
      const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: intervalMillis, exportTimeoutMillis: Math.min(TIMEOUT_MS, intervalMillis), metricProducers: [createMetricProducer(registry, resource, SCOPE)] });
      meters.push(new MeterProvider({ resource, readers: [reader] }));
    },
    close: async () => {
      await Promise.allSettled([...meters.map((meter) => meter.shutdown({ timeoutMillis: TIMEOUT_MS })), provider.shutdown()]);
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
