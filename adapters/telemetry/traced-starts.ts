import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { Spans } from './spans.ts';
import { traceparent } from './trace-context.ts';

/** A span for each start of a workflow, which is the parent of its activities' spans. */
export function traceStarts(spans: Spans): WorkflowClientInterceptor {
  return {
    startWithDetails: (input, next) =>
      spans.around(`start ${input.workflowType}`, { kind: 'client', attributes: { 'temporal.workflow_id': input.options.workflowId } }, async (place) => {
        const { withTrace } = await import('../../temporal/trace-header.ts'); // Temporal's codecs, which a server of predictions starts without
        return next({ ...input, headers: withTrace(input.headers, traceparent(place)) });
      }),
  };
}
