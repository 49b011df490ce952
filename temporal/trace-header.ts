import { defaultPayloadConverter, type Payload } from '@temporalio/common';

/** The header in which a workflow's trace travels, from its start to its activities: W3C's `traceparent` as JSON text. */
export const TRACE_HEADER = 'traceparent';

type Headers = Readonly<Record<string, Payload>>;

export function withTrace<H extends Headers>(headers: H, traceparent: string): H & Headers {
  return { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(traceparent) };
}

/** What the header holds as text; undefined where it is not there or no text. */
export function traceOf(headers: Headers): string | undefined {
  const payload = headers[TRACE_HEADER];
  const value: unknown = payload === undefined ? undefined : defaultPayloadConverter.fromPayload(payload);
  return typeof value === 'string' ? value : undefined;
}
