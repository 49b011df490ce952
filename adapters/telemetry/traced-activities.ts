import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { traceOf } from '../../temporal/trace-header.ts';
import type { Spans } from './spans.ts';
import { parseTraceparent, type TracePlace } from './trace-context.ts';

/** A span for each attempt of an activity. What it logs has the span's place as fields `trace_*`, since Temporal hands lines on later, out of its scope. */
export function traceActivities(spans: Spans): ActivityInterceptorsFactory {
  return ({ info }) => {
    let place: TracePlace | undefined;
    return {
      inbound: {
        execute: (input, next) => {
          const parent = parseTraceparent(traceOf(input.headers));
          const attributes = { 'temporal.workflow_id': info.workflowExecution?.workflowId ?? '', 'temporal.run_id': info.workflowExecution?.runId ?? '', 'temporal.attempt': info.attempt };
          return spans.around(`activity ${info.activityType}`, { kind: 'consumer', attributes, ...(parent === undefined ? {} : { parent }) }, (own) => {
            place = own;
            return next(input);
          });
        },
      },
      outbound: { getLogAttributes: (input, next) => next(place === undefined ? input : { ...input, trace_id: place.traceId, trace_span: place.spanId, trace_sampled: place.sampled }) },
    };
  };
}
