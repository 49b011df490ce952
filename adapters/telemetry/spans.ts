import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Attributes, type Context, type Tracer } from '@opentelemetry/api';
import { currentScope, type TracePlace, type WorkScope } from './trace-context.ts';

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER, internal: SpanKind.INTERNAL } as const;

export interface OpenSpan {
  /** To do the work in. */
  readonly scope: Pick<WorkScope, 'place' | 'span'>;
  end(outcome?: { readonly isFailed?: boolean; readonly attributes?: Attributes }): void;
}

export interface SpanOptions {
  readonly kind: keyof typeof KINDS;
  /** In another process; left out: the span of the running code, if there is one. */
  readonly parent?: TracePlace;
  readonly attributes?: Attributes;
}

/** Makes spans. Their attributes are names and figures: no values of features, no messages of errors, which could hold some. */
export interface Spans {
  open(name: string, options: SpanOptions): OpenSpan;
  /** A span around the work, which runs in its scope; a failure is marked and goes on. */
  around<T>(name: string, options: SpanOptions, work: (place: TracePlace) => Promise<T>): Promise<T>;
}

export function createSpans(tracer: Tracer, runWithin: <T>(scope: WorkScope, work: () => T) => T): Spans {
  const open: Spans['open'] = (name, { kind, parent, attributes = {} }) => {
    const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, parentContext(parent));
    const { traceId, spanId, traceFlags } = span.spanContext();
    return {
      scope: { span, place: { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 } },
      end: ({ isFailed = false, attributes: more = {} } = {}) => {
        span.setAttributes(more);
        if (isFailed) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  };
  return {
    open,
    around: async (name, options, work) => {
      const { scope, end } = open(name, options);
      try {
        const result = await runWithin({ ...currentScope(), ...scope }, () => work(scope.place!));
        end();
        return result;
      } catch (error) {
        end({ isFailed: true, attributes: { 'error.type': codeOf(error) } });
        throw error;
      }
    },
  };
}

function parentContext(parent: TracePlace | undefined): Context {
  if (parent !== undefined) return trace.setSpanContext(ROOT_CONTEXT, { traceId: parent.traceId, spanId: parent.spanId, traceFlags: parent.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true });
  const span = currentScope()?.span;
  return span === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, span);
}

/** Our own code of the error, or its class. */
function codeOf(error: unknown): string {
  const { code, type, name } = (error ?? {}) as { readonly code?: unknown; readonly type?: unknown; readonly name?: unknown };
  return [code, type, name].find((one) => typeof one === 'string' && one !== '') as string | undefined ?? 'unknown';
}
