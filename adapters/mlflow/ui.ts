import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../domain/errors.ts';
import { checkFileStore, ensureMlflow, shellCommand, startMlflow } from './mlflow-tool.ts';
import type { MlflowProcess, MlflowTool } from './mlflow-tool.ts';

const HOST = '127.0.0.1';

export interface MlflowUi {
  readonly url: string;
  /** What a user would type to get the same. */
  readonly command: string;
  /** Resolves when it has ended by itself or by stop(). */
  readonly done: Promise<void>;
  stop(): Promise<void>;
  /** Kills it at once, for a caller that ends itself at once: in a process group of its own it would go on. */
  abandon(): void;
}

/**
 * MLflow's own server with its web UI on a file store, on loopback; installs MLflow on first use. Resolves when it answers.
 * INVALID_CONFIG when the port is taken, UNAVAILABLE with its last lines when it does not start within `patienceMillis`.
 */
export async function startMlflowUi(options: MlflowTool & { readonly root: string; readonly port: number; readonly onStep: (step: string) => void; readonly patienceMillis?: number }): Promise<MlflowUi> {
  const store = await checkFileStore(options.root);
  await checkPortIsFree(options.port);
  await ensureMlflow(options, options.onStep);
  // What a client of this server logs lies in the same folder as the rest.
  const args = ['server', '--backend-store-uri', store, '--artifacts-destination', store, '--host', HOST, '--port', String(options.port), '--workers', '1'];
  options.onStep('Starting MLflow.');
  const server = startMlflow(options, args, () => undefined);
  const url = `http://${HOST}:${options.port}`;
  const stop = (): Promise<void> => stopGroup(server);
  try {
    await untilReady(server, url, options.patienceMillis ?? 90_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, command: shellCommand(options, args), done: server.ended.then(() => undefined), stop, abandon: () => signalGroup(server.child.pid, 'SIGKILL') };
}

async function untilReady({ ended, lastLines }: MlflowProcess, url: string, patienceMillis: number): Promise<void> {
  const deadline = Date.now() + patienceMillis;
  let over = false;
  const watched = ended.then(() => (over = true));
  for (;;) {
    if (await answers(url)) return;
    await Promise.race([sleep(200), watched]);
    if (over || Date.now() > deadline) throw new PipelineError('UNAVAILABLE', `MLflow's server ${over ? 'ended' : `did not answer at ${url} within ${patienceMillis / 1000} s`}. Its last lines:\n${lastLines()}`);
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) }).then((response) => response.ok, () => false); // not listening yet
}

/** The server has workers: all of its process group is asked to end, and made to after ten seconds. */
async function stopGroup({ child, ended }: MlflowProcess): Promise<void> {
  signalGroup(child.pid, 'SIGTERM');
  const stopped = await Promise.race([ended.then(() => true), sleep(10_000, false, { ref: false })]);
  if (!stopped) signalGroup(child.pid, 'SIGKILL');
  await ended;
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended
  }
}

async function checkPortIsFree(port: number): Promise<void> {
  await new Promise<void>((settle, fail) => {
    const probe = createServer();
    probe.once('error', (error) => fail(new PipelineError('INVALID_CONFIG', `Port ${port} cannot be used (${error.message}). Name another with --port, or MLFLOW_PORT in .env.`, { cause: error })));
    probe.listen(port, HOST, () => probe.close(() => settle()));
  });
}
