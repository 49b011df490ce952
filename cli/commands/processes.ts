import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { wholeNumber } from '../option-values.ts';
import { codeOf, exitCodeOf, type ExitCode } from '../exit-codes.ts';
import type { Log } from '../../ports/log.ts';
import type { Running, Services } from '../services.ts';

/** Commands that run until they are stopped: worker, serve, mlflow ui. What a worker or the API writes outside of a terminal is its log, line by line JSON. */
export function registerProcesses(program: Command, { services, run }: CommandContext): void {
  program
    .command('worker')
    .description('Run workflows and activities until SIGTERM or Ctrl-C; work under way is finished or handed over.')
    .addHelpText('after', '\nExample:\n  ml-pipeline worker')
    .action(
      run(async (output) => {
        const { temporal } = await services.settings();
        return logged(await services.processLog('worker'), async (log) => {
          const worker = await services.startWorker({ log });
          await untilStopped(worker, () => { if (output.interactive) output.note(`Working on ${temporal.taskQueue} at ${temporal.address}.`); });
        });
      }),
    );
  program
    .command('serve')
    .description('Answer predictions and Feast\'s feature requests over HTTP.')
    .option('--model <uri>', 'models:/<name>@<alias>, models:/<name>/<version> or runs:/<run id>/model (default: the environment\'s)')
    .option('--features-only', 'no predictions, and no model')
    .option('--host <host>', 'address to listen on (default: the environment\'s)')
    .option('--port <port>', 'port to listen on (default: the environment\'s)', wholeNumber)
    .addHelpText('after', '\nExample:\n  ml-pipeline serve --model models:/flight_delay@champion')
    .action(
      run<{ readonly model?: string; readonly featuresOnly?: boolean; readonly host?: string; readonly port?: number }>(async (output, { model: uri, featuresOnly, host, port }) => {
        const model = featuresOnly === true ? 'none' : uri;
        const at = { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
        return logged(await services.processLog('api'), async (log) => {
          await services.refuseTakenPort('api', at);
          const api = await services.startApi({ log, ...at, ...(model === undefined ? {} : { model }) });
          await untilStopped(api, () => { if (output.interactive) output.note(`Serving ${api.model === 'none' ? 'features' : api.model} at ${api.url}; its documentation is ${api.url}/docs.`); });
        });
      }),
    );
  const mlflow = program.command('mlflow').description('MLflow\'s own tools on this project\'s runs.');
  mlflow
    .command('ui')
    .description('Open MLflow\'s web UI on this project\'s runs (installed on first use).')
    .option('--port <port>', 'port to listen on (default: MLFLOW_PORT)', wholeNumber)
    .addHelpText('after', '\nExample:\n  ml-pipeline mlflow ui')
    .action(
      run<{ readonly port?: number }>(async (output, { port }) => {
        await services.refuseTakenPort('mlflow', port === undefined ? {} : { port });
        const ui = await services.startMlflowUi({ onStep: (step) => output.note(step), ...(port === undefined ? {} : { port }) });
        await untilStopped(ui, () => output.note(`MLflow's UI is at ${ui.url}. By hand:\n  ${ui.command}`));
      }),
    );
  mlflow
    .command('migrate')
    .description('Copy the runs into an SQLite store with MLflow\'s own migration.')
    .requiredOption('--target <file>', 'SQLite file to make; it must not exist')
    .addHelpText('after', '\nExample:\n  ml-pipeline mlflow migrate --target mlflow.db')
    .action(
      run<{ readonly target: string }>(async (output, { target }) => {
        await services.migrateMlflow(target, (line) => output.note(line));
        output.result({ target }, [`The runs are in ${target}: mlflow ui --backend-store-uri sqlite:///${target}`]);
      }),
    );
}

/** Does the work; where the log takes failures, what ends it is one entry there, with its severity. */
async function logged({ log, takesFailures }: Awaited<ReturnType<Services['processLog']>>, work: (log: Log) => Promise<void>): Promise<ExitCode | void> {
  try {
    await work(log);
  } catch (error) {
    if (!takesFailures) throw error;
    log.error(error instanceof Error ? error.message : String(error), { code: codeOf(error) ?? null, ...(codeOf(error) === undefined && error instanceof Error ? { error: error.stack ?? error.message } : {}) });
    return exitCodeOf(codeOf(error));
  }
}

/**
 * Waits for the end, or for SIGINT or SIGTERM, and then for an orderly stop. A second signal ends the process at once, and with it what it started: by that signal, whoever
 * else listens for it. That it runs is said when signals are heard: who reads it may send one at once.
 */
async function untilStopped(running: Running, sayThatItRuns: () => void): Promise<void> {
  let stop: () => void = () => undefined;
  let asked = false;
  const stopping = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const onSignal = (signal: NodeJS.Signals): void => {
    if (asked) endBySignal(signal, running);
    asked = true;
    stop();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    sayThatItRuns();
    await Promise.race([running.done, stopping]);
    await running.stop();
    await running.done;
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
  }
}

function endBySignal(signal: NodeJS.Signals, running: Running): void {
  running.abandon?.();
  process.removeAllListeners(signal); // without a listener, the system ends the process
  process.kill(process.pid, signal);
}
