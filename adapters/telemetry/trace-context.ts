import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';
import type { Span } from '@opentelemetry/api';

/** A place in a trace: 32 and 16 hexadecimal digits, and whether the trace is kept. */
export interface TracePlace {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** What is under way: the request or activity that the running code belongs to. */
export interface WorkScope {
  readonly requestId?: string;
  /** Where log lines are said to have come from; absent where no trace is known. */
  readonly place?: TracePlace;
  /** The parent of further spans, where spans are made. */
  readonly span?: Span;
}

const scopes = new AsyncLocalStorage<WorkScope>();

export function currentScope(): WorkScope | undefined {
  return scopes.getStore();
}

/** Does the work within the scope, with all that it awaits. */
export function runWithin<T>(scope: WorkScope, work: () => T): T {
  return scopes.run(scope, work);
}

/** W3C Trace Context, `traceparent`: https://www.w3.org/TR/trace-context/#traceparent-header */
export function parseTraceparent(text: string | undefined): TracePlace | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined) || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function traceparent({ traceId, spanId, sampled }: TracePlace): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** `X-Cloud-Trace-Context: TRACE_ID/SPAN_ID;o=OPTIONS`, the span's number in decimal: https://cloud.google.com/trace/docs/trace-context */
function parseCloudTrace(text: string | undefined): TracePlace | undefined {
  const [, traceId = '', number = '', options] = /^([0-9a-f]{32})\/(\d{1,20})(?:;o=(\d))?$/i.exec(text ?? '') ?? [];
  if (traceId === '' || /^0+$/.test(traceId)) return undefined;
  const span = BigInt(number);
  return span === 0n || span >= 1n << 64n ? undefined : { traceId: traceId.toLowerCase(), spanId: span.toString(16).padStart(16, '0'), sampled: options === '1' };
}

/** The trace that a request belongs to, by either header; what is malformed is as if it were not there. */
export function requestTrace(headers: IncomingHttpHeaders): TracePlace | undefined {
  const cloud = headers['x-cloud-trace-context'];
  return parseTraceparent(headers['traceparent'] as string | undefined) ?? parseCloudTrace(Array.isArray(cloud) ? cloud[0] : cloud);
}
