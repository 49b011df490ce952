import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string; readonly doubleValue?: number };
}

/** A span as OTLP's JSON has it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number };
}

export interface ReceivedPoint {
  readonly attributes: readonly Attribute[];
  readonly asDouble?: number;
  readonly count?: number | string;
  readonly sum?: number;
  readonly bucketCounts?: readonly (number | string)[];
  readonly explicitBounds?: readonly number[];
}

export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: { readonly isMonotonic: boolean; readonly aggregationTemporality: number; readonly dataPoints: readonly ReceivedPoint[] };
  readonly gauge?: { readonly dataPoints: readonly ReceivedPoint[] };
  readonly histogram?: { readonly dataPoints: readonly ReceivedPoint[] };
}

export interface OtlpReceiver {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** As they came last, by name. */
  readonly metrics: ReadonlyMap<string, ReceivedMetric>;
  /** Bodies that are not JSON (protobuf), as Latin-1. */
  readonly binary: readonly string[];
  readonly authorizations: ReadonlySet<string>;
  /** Resolves when the condition holds; fails after 10 s. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** An OpenTelemetry collector's HTTP side, as far as tests need it: https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const [spans, metrics, binary, authorizations] = [[] as ReceivedSpan[], new Map<string, ReceivedMetric>(), [] as string[], new Set<string>()];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    if (request.headers.authorization !== undefined) authorizations.add(request.headers.authorization);
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const body = Buffer.concat(chunks);
      if (request.headers['content-type'] !== 'application/json') binary.push(body.toString('latin1'));
      else take(JSON.parse(body.toString('utf8')) as Received);
      response.setHeader('content-type', request.headers['content-type'] ?? '').end(request.headers['content-type'] === 'application/json' ? '{}' : '');
    });
  });
  const take = ({ resourceSpans = [], resourceMetrics = [] }: Received): void => {
    for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
    for (const { scopeMetrics } of resourceMetrics) for (const scope of scopeMetrics) for (const metric of scope.metrics) metrics.set(metric.name, metric);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`,
    spans,
    metrics,
    binary,
    authorizations,
    until: async (holds) => {
      for (let tries = 0; !holds(); tries++) {
        if (tries === 500) throw new Error(`not within 10 s; spans: ${spans.map(({ name }) => name).join(', ')}; metrics: ${[...metrics.keys()].join(', ')}`);
        await sleep(20);
      }
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Received {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[] }[];
  readonly resourceMetrics?: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly ReceivedMetric[] }[] }[];
}
