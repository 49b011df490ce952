import type { WorkflowInterceptors } from '@temporalio/workflow';
import { TRACE_HEADER } from '../temporal/trace-header.ts';

type Headers = Parameters<NonNullable<NonNullable<WorkflowInterceptors['inbound']>[number]['execute']>>[0]['headers'];

/** Hands the trace of a workflow's start on to its activities and children, and to its next run; does nothing where there is none. */
export function interceptors(): WorkflowInterceptors {
  let carried: Headers = {};
  const carrying = <I extends { readonly headers: Headers }>(input: I): I => ({ ...input, headers: { ...input.headers, ...carried } });
  return {
    inbound: [
      {
        execute: (input, next) => {
          const trace = input.headers[TRACE_HEADER];
          if (trace !== undefined) carried = { [TRACE_HEADER]: trace };
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(carrying(input)),
        scheduleLocalActivity: (input, next) => next(carrying(input)),
        startChildWorkflowExecution: (input, next) => next(carrying(input)),
        continueAsNew: (input, next) => next(carrying(input)),
      },
    ],
  };
}
