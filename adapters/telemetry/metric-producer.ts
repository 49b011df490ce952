import { ValueType, type Attributes, type HrTime } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type DataPoint, type Histogram, type MetricData, type MetricProducer } from '@opentelemetry/sdk-metrics';

/** What prom-client's registry tells of its metrics. */
interface RegistryMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly { readonly value: number; readonly labels: Readonly<Record<string, string | number>>; readonly metricName?: string }[];
}
export interface MetricRegistry {
  getMetricsAsJSON(): Promise<readonly object[]>;
}

/** The metrics of a Prometheus registry for OpenTelemetry's exporter: the same counts, read where they are kept. Summaries, which no metric here is, are left out. */
export function createMetricProducer(registry: MetricRegistry, resource: Resource, scope: string): MetricProducer {
  const startTime = hrTime(Date.now());
  return {
    collect: async () => {
      const time = { startTime, endTime: hrTime(Date.now()) };
      const metrics = (await registry.getMetricsAsJSON()).flatMap((metric) => converted(metric as RegistryMetric, time));
      return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: scope }, metrics }] }, errors: [] };
    },
  };
}

interface Span {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

function converted(metric: RegistryMetric, time: Span): readonly MetricData[] {
  const common = { descriptor: { name: metric.name, description: metric.help, unit: unitOf(metric.name), valueType: ValueType.DOUBLE }, aggregationTemporality: AggregationTemporality.CUMULATIVE };
  const points = (): DataPoint<number>[] => metric.values.map(({ value, labels }) => ({ ...time, attributes: attributes(labels), value }));
  if (metric.values.length === 0) return [];
  if (metric.type === 'counter') return [{ ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points() }];
  if (metric.type === 'gauge') return [{ ...common, dataPointType: DataPointType.GAUGE, dataPoints: points() }];
  if (metric.type === 'histogram') return [{ ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: histograms(metric, time) }];
  return [];
}

/** Prometheus counts all values up to each bound, OpenTelemetry those between two. */
function histograms({ name, values }: RegistryMetric, time: Span): DataPoint<Histogram>[] {
  const series = new Map<string, { readonly labels: RegistryMetric['values'][number]['labels']; readonly bounds: { readonly le: number; readonly count: number }[]; sum: number }>();
  for (const { value, labels: { le, ...labels }, metricName } of values) {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    const found = series.get(key) ?? { labels, bounds: [], sum: 0 };
    series.set(key, found);
    if (metricName === `${name}_bucket`) found.bounds.push({ le: le === '+Inf' ? Infinity : Number(le), count: value });
    else if (metricName === `${name}_sum`) found.sum = value;
  }
  return [...series.values()].map(({ labels, bounds, sum }) => {
    const sorted = bounds.sort((a, b) => a.le - b.le);
    const counts = sorted.map(({ count }, index) => count - (sorted[index - 1]?.count ?? 0));
    return { ...time, attributes: attributes(labels), value: { buckets: { boundaries: sorted.map(({ le }) => le).filter(Number.isFinite), counts }, sum, count: sorted.at(-1)?.count ?? 0 } };
  });
}

function attributes(labels: Readonly<Record<string, string | number>>): Attributes {
  return { ...labels };
}

/** By Prometheus' custom a name ends with its unit, or with `_total` after it. */
function unitOf(name: string): string {
  const bare = name.replace(/_total$/, '');
  return bare.endsWith('_seconds') ? 's' : bare.endsWith('_bytes') ? 'By' : '1';
}

function hrTime(millis: number): HrTime {
  return [Math.floor(millis / 1000), (millis % 1000) * 1e6];
}
