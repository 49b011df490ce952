import type { Resource } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { createMetricProducer, type MetricRegistry } from './metric-producer.ts';

export interface SentMetrics {
  /** Sends what has been counted since the last time. */
  close(): Promise<void>;
}

export interface MetricsToSend {
  readonly registry: MetricRegistry;
  readonly resource: Resource;
  readonly scope: string;
  readonly exporter: PushMetricExporter;
  readonly intervalMillis: number;
  readonly timeoutMillis: number;
}

/** Sends what the registry counts, once in each interval. */
export function sendMetrics({ registry, resource, scope, exporter, intervalMillis, timeoutMillis }: MetricsToSend): SentMetrics {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: intervalMillis, exportTimeoutMillis: Math.min(timeoutMillis, intervalMillis), metricProducers: [createMetricProducer(registry, resource, scope)] });
  const meters = new MeterProvider({ resource, readers: [reader] });
  return { close: () => meters.shutdown({ timeoutMillis }) };
}
