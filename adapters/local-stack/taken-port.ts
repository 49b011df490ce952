import { createServer } from 'node:net';
import { PipelineError } from '../../domain/errors.ts';
import type { StackProcess } from '../../ports/local-stack.ts';
import { readBackgroundProcess } from './background-processes.ts';
import { describeHolder, findPortHolder, findSocketHolder } from './port-holder.ts';
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
  const isLinux = globalThis.process.platform === 'linux';
  const holder = isLinux ? findPortHolder(port) : undefined;
  const own = await readBackgroundProcess(projectFolder, process);
  // The record may be of this very process, which was just started in the background: it listens on nothing yet.
  if (own?.port === port && holder !== undefined && (own.pid !== globalThis.process.pid || own.pid === holder.pid)) {
    throw new PipelineError('CONFLICT', `${NAMES[process]} already runs at http://127.0.0.1:${port}, in the background (process ${own.pid}). Stop it with \`ml-pipeline stack down ${process}\`, ${choose}.`);
  }
  throw new PipelineError('CONFLICT', `Port ${port} on ${host} is in use by ${holder === undefined ? (isLinux ? describeConnection(port) : 'another process') : describeHolder(holder)}. End that process, ${choose}.`, { cause: error });
}

/** Nobody listens on the port: a connection to elsewhere begins there. */
function describeConnection(port: number): string {
  const holder = findSocketHolder(port);
  return `a connection${holder === undefined ? '' : ` of ${describeHolder(holder)}`}; nothing listens on it`;
}

function tryToListen({ host, port }: WantedPort): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
}
