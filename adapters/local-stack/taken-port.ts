import { createServer } from 'node:net';
import { PipelineError } from '../../domain/errors.ts';
import type { StackProcess } from '../../ports/local-stack.ts';
import { readBackgroundProcess } from './background-processes.ts';
import { describeHolder, findPortHolder } from './port-holder.ts';
import type { PortSetting } from './port-holder.ts';

export interface WantedPort extends PortSetting {
  readonly host: string;
  readonly process: Exclude<StackProcess, 'worker'>;
  readonly projectFolder: string;
}

const NAMES: Readonly<Record<WantedPort['process'], string>> = { api: 'The API', mlflow: "MLflow's web UI" };

/** Refuses a port that cannot be listened on. CONFLICT names who holds it; where that is this project's own background process, it says how to stop it. */
export async function refuseTakenPort(wanted: WantedPort): Promise<void> {
  const error = await tryToListen(wanted);
  if (error === undefined) return;
  const { host, port, process, setting, projectFolder } = wanted;
  const choose = `or choose another port: --port, or ${setting} in .env`;
  if (error.code !== 'EADDRINUSE') throw new PipelineError('INVALID_CONFIG', `Port ${port} on ${host} cannot be listened on (${error.message}). Choose another: --port, or ${setting} in .env.`, { cause: error });
  const own = await readBackgroundProcess(projectFolder, process);
  if (own?.port === port) {
    throw new PipelineError('CONFLICT', `${NAMES[process]} already runs at http://127.0.0.1:${port}, in the background (process ${own.pid}). Stop it with \`ml-pipeline stack down ${process}\`, ${choose}.`);
  }
  const holder = globalThis.process.platform === 'linux' ? findPortHolder(port) : undefined;
  throw new PipelineError('CONFLICT', `Port ${port} on ${host} is in use by ${holder === undefined ? 'another process' : describeHolder(holder)}. End that process, ${choose}.`, { cause: error });
}

function tryToListen({ host, port }: WantedPort): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
}
