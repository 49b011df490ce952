/** One thing that is wrong with an input: where it is, what was found, and how to mend it. */
export interface Problem {
  /** Where: a path such as `loader.parameters.days`, a file, a column, a JSON path. */
  readonly path: string;
  /** What is wrong, with the value found. One sentence. */
  readonly message: string;
  /** What to do about it, e.g. the nearest right name. */
  readonly cure?: string;
  /** 1-based position in the file that `path` points into, where there is one. */
  readonly line?: number;
  readonly column?: number;
}

/** Every code an error of this project can carry, with its meaning. `retryable`: trying the same again can help. */
export const ERROR_CODES = {
  INVALID_RECIPE: { retryable: false, meaning: 'A recipe has problems; nothing was started.' },
  INVALID_CONFIG: { retryable: false, meaning: 'The environment file or an environment variable is missing or wrong.' },
  INVALID_INPUT: { retryable: false, meaning: 'A command, request or workflow input has problems; nothing was started.' },
  INVALID_DEFINITION: { retryable: false, meaning: 'A feature definition contradicts itself, another one, or the table behind it.' },
  INVALID_TEMPLATE: { retryable: false, meaning: 'A loader SQL template cannot be rendered.' },
  INVALID_DATA: { retryable: false, meaning: 'The data read do not fit what was declared (type, null, range).' },
  NOT_FOUND: { retryable: false, meaning: 'A named thing does not exist.' },
  CONFLICT: { retryable: false, meaning: 'The thing exists already and differs, or another process changed it meanwhile.' },
  UNSUPPORTED: { retryable: false, meaning: 'A valid wish that this version cannot honour.' },
  UNAVAILABLE: { retryable: true, meaning: 'A server or tool did not answer; the same call may work later.' },
  TRAINING_FAILED: { retryable: false, meaning: 'The library refused the data or the hyperparameters.' },
  PROCESS_DIED: { retryable: true, meaning: 'A child process ended before its work was done.' },
} as const satisfies Record<string, { retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Thrown for everything that a user can cause or mend. `problems` holds all of them, not only the first. */
export class PipelineError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: { readonly problems?: readonly Problem[]; readonly cause?: unknown } = {}) {
    const problems = options.problems ?? [];
    super([message, ...problems.map(formatProblem)].join('\n'), options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'PipelineError';
    this.code = code;
    this.problems = problems;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** `  recipe.yaml:12:5 model.class_path: ... (did you mean ...?)` - one line. */
export function formatProblem(problem: Problem): string {
  const position = problem.line === undefined ? '' : ` (line ${problem.line}, column ${problem.column ?? 1})`;
  const cure = problem.cure === undefined ? '' : `${/[.!?:]$/.test(problem.message) ? '' : '.'} ${problem.cure}`;
  return `  - ${problem.path}${position}: ${problem.message}${cure}`;
}

/** Throws one error with all problems; does nothing when there is none. */
export function refuseProblems(code: ErrorCode, message: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw new PipelineError(code, message, { problems });
}
