import { ERROR_CODES, PipelineError, type ErrorCode, type Problem } from '../../domain/errors.ts';
import type { TrainedModel, TrainingProgress, TrainRequest } from '../../ports/trainer.ts';

/** What the trainer sends to its child, once. */
export interface ChildTask {
  readonly request: Omit<TrainRequest, 'signal' | 'onProgress'>;
  readonly lightgbmLibrary: string | undefined;
  /** The child ends when this is no longer its parent. */
  readonly parentPid: number;
}

/** What the child sends: progress, and then one of the other two. */
export type ChildMessage =
  | { readonly type: 'progress'; readonly progress: TrainingProgress }
  | { readonly type: 'done'; readonly model: TrainedModel }
  | { readonly type: 'failed'; readonly error: SentError };

/** An error as it travels between processes. */
export interface SentError {
  /** undefined: not a PipelineError, so a mistake of the program. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly problems: readonly Problem[];
}

export function packError(error: unknown): SentError {
  if (!(error instanceof PipelineError)) return { code: undefined, message: error instanceof Error ? (error.stack ?? error.message) : String(error), problems: [] };
  // A PipelineError lists its problems below its message; they travel on their own.
  const message = error.problems.length === 0 ? error.message : (error.message.split('\n')[0] ?? '');
  return { code: error.code, message, problems: error.problems };
}

export function unpackError({ code, message, problems }: SentError): Error {
  return code !== undefined && code in ERROR_CODES ? new PipelineError(code, message, { problems }) : new Error(`Training failed by a mistake in the program: ${message}`);
}
