import { PipelineError } from '../domain/errors.ts';

/** What the command's exit status says to scripts. */
export const EXIT = {
  ok: 0,
  /** The work was started and failed. */
  failed: 1,
  /** The call was refused before any work: bad arguments, recipe, configuration or input. */
  refused: 2,
  /** A server or tool did not answer: the same call may work later. */
  unavailable: 3,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const REFUSED = new Set(['INVALID_RECIPE', 'INVALID_CONFIG', 'INVALID_INPUT', 'INVALID_DEFINITION', 'INVALID_TEMPLATE', 'NOT_FOUND', 'UNSUPPORTED', 'CONFLICT']);

/** By our own errors' codes; a workflow's failure carries the code as its type. */
export function exitCodeOf(code: string | undefined): ExitCode {
  if (code === undefined) return EXIT.failed;
  return REFUSED.has(code) ? EXIT.refused : code === 'UNAVAILABLE' ? EXIT.unavailable : EXIT.failed;
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof PipelineError ? error.code : undefined;
}
