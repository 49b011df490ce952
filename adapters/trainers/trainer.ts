import { fork, type ChildProcess } from 'node:child_process';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import { checkHyperparameters } from '../../domain/model/estimators.ts';
import type { TrainedModel, Trainer, TrainingProgress, TrainRequest } from '../../ports/trainer.ts';
import { unpackError, type ChildMessage, type ChildTask } from './messages.ts';
import { nodeOptions, siblingModule } from './sibling-module.ts';

export interface TrainerConfig {
  /** The file of LightGBM's shared library; undefined: the one that `scripts/install_tools.sh lightgbm` installed. */
  readonly lightgbmLibrary?: string;
}

/**
 * Trains every estimator of the catalogue, each request in a child process of its own: native code may crash or block without harm to this process, and all memory comes back.
 * The child ends when this process ends, however that happens. PROCESS_DIED when the child ended before its work was done; an aborted signal kills it and rejects with the signal's reason, and so does `onProgress` with what it throws.
 */
export function createTrainer(config: TrainerConfig = {}): Trainer {
  return {
    train: async (request) => {
      refuseProblems('INVALID_INPUT', `${request.estimator} cannot be trained:`, checkHyperparameters(request.estimator, request.hyperparameters));
      request.signal?.throwIfAborted();
      const { signal: _signal, onProgress: _onProgress, ...rest } = request;
      return await runChild({ request: rest, lightgbmLibrary: config.lightgbmLibrary, parentPid: process.pid }, request);
    },
  };
}

/** What the child needs of the environment: no credentials. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'LD_LIBRARY_PATH'];

/** Threads that wait for each other sleep instead of spinning: on a busy machine spinning made training many times slower. */
const THREADING = { OMP_WAIT_POLICY: 'passive' };

function start(): ChildProcess {
  const environment = Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  return fork(siblingModule('child-main', import.meta.url), [], { execArgv: [...nodeOptions(import.meta.url)], env: { ...environment, ...THREADING }, serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
}

function runChild(task: ChildTask, { signal, onProgress }: TrainRequest): Promise<TrainedModel> {
  return new Promise((resolve, reject) => {
    const child = start();
    const lastWords = tailOf(child);
    let outcome: (() => void) | undefined;
    const kill = (): void => void child.kill('SIGKILL');
    const settle = (how: () => void): void => {
      outcome ??= how;
    };
    const tellProgress = (progress: TrainingProgress): void => {
      try {
        onProgress?.(progress);
      } catch (error) {
        settle(() => reject(error as Error)); // thrown on, it would end this process
        kill();
      }
    };
    signal?.addEventListener('abort', kill, { once: true });
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'progress') tellProgress(message.progress);
      else if (message.type === 'done') settle(() => resolve(message.model));
      else settle(() => reject(unpackError(message.error)));
    });
    child.on('error', (error) => settle(() => reject(new PipelineError('PROCESS_DIED', `The training process could not be started or reached: ${error.message}`, { cause: error }))));
    // `close` comes after the last message and the last output; without a process it comes after `error`.
    child.on('close', (code, endSignal) => {
      signal?.removeEventListener('abort', kill);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else (outcome ?? (() => reject(died(code, endSignal, lastWords()))))();
    });
    child.send(task, (error) => {
      if (error !== null) kill();
    });
  });
}

function died(code: number | null, endSignal: NodeJS.Signals | null, lastWords: string): PipelineError {
  const how = endSignal === null ? `exit code ${code}` : `signal ${endSignal}`;
  const hint = endSignal === 'SIGKILL' ? ' Perhaps memory ran out.' : '';
  return new PipelineError('PROCESS_DIED', `The training process ended before its work was done (${how}).${hint}${lastWords === '' ? '' : ` Its last words: ${lastWords}`}`);
}

/** The end of what the child wrote to standard error: at most 1,000 characters. */
function tailOf(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-1000);
  });
  return () => tail.trim();
}
