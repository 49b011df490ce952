import { PipelineError } from '../domain/errors.ts';
import { isServerAway } from '../temporal/server-away.ts';

/** The error that a command ends with: UNAVAILABLE with this message where a call failed because Temporal did not answer; any other stays. */
export function toldAway(error: unknown, message: string): unknown {
  return error instanceof PipelineError || !isServerAway(error) ? error : new PipelineError('UNAVAILABLE', message, { cause: error });
}
