import type { Command } from 'commander';
import { formatProblem, PipelineError } from '../domain/errors.ts';
import { codeOf, exitCodeOf, type ExitCode } from './exit-codes.ts';
import { createOutput, type Output } from './output.ts';
import type { Services } from './services.ts';

/** A command's work: writes to `output`, returns the exit code (nothing: 0). */
export type Work<O> = (output: Output, options: O, args: readonly string[]) => Promise<ExitCode | void>;

/** What every command is registered with. */
export interface CommandContext {
  readonly services: Services;
  /** Makes a commander action of the work: reads `--json`, prints errors once, sets the exit code. */
  run<O extends object = object>(work: Work<O>): (...input: unknown[]) => Promise<void>;
}

export function createCommandContext(services: Services): CommandContext {
  return {
    services,
    run: (work) => async (...input) => {
      const command = input.at(-1) as Command;
      const options = command.optsWithGlobals() as never;
      const output = createOutput((options as { readonly json?: boolean }).json === true);
      try {
        process.exitCode = (await work(output, options, command.args)) ?? 0;
      } catch (error) {
        process.exitCode = exitCodeOf(codeOf(error));
        reportError(error, output);
      }
    },
  };
}

function reportError(error: unknown, output: Output): void {
  const known = error instanceof PipelineError;
  const message = known ? (error.message.split('\n')[0] ?? '') : error instanceof Error ? (error.stack ?? error.message) : String(error);
  const problems = known ? error.problems : [];
  if (output.json) return output.result({ error: { code: codeOf(error) ?? null, message, problems } }, []);
  process.stderr.write(`${[`error: ${message}`, ...problems.map(formatProblem)].join('\n')}\n`);
}
