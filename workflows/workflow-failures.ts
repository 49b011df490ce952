import { ApplicationFailure } from '@temporalio/workflow';
import { formatProblem } from '../domain/errors.ts';
import { check, toProblem, type Shape } from '../domain/validation/shape.ts';

/** The input, checked; a bad one fails the workflow at once with every problem (a plain Error would be retried for ever). */
export function checkedInput<T>(shape: Shape<T>, input: unknown, workflowType: string): T {
  const { value, issues } = check(shape, input ?? {});
  if (issues.length === 0) return value;
  const problems = issues.map(toProblem);
  const message = [`The input of ${workflowType} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}; nothing was started.`, ...problems.map(formatProblem)].join('\n');
  throw ApplicationFailure.create({ message, type: 'INVALID_INPUT', nonRetryable: true, details: [problems] });
}
