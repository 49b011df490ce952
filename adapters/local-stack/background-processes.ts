import { join } from 'node:path';
import { STACK_PROCESSES } from '../../ports/local-stack.ts';
import type { BackgroundProcesses, ProcessStatus, StackProcess } from '../../ports/local-stack.ts';
import { withStackLock } from './lock.ts';
import { chosenNames } from './names.ts';
import { describeHolder, findPortHolder } from './port-holder.ts';
import type { PortSetting } from './port-holder.ts';
import { readRunning, stopRecorded } from './process-record.ts';
import type { ProcessRecord } from './process-record.ts';
import { lastLines, startServer } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';
import type { StackPort } from './settings.ts';

export interface ProcessSettings {
  readonly projectFolder: string;
  /** The file that Node runs as the command `ml-pipeline`. */
  readonly commandFile: string;
  readonly ports: Readonly<Record<Extract<StackPort, 'API_PORT' | 'MLFLOW_PORT'>, number>>;
  /** Variables for the processes; they also read `.env`. */
  readonly environment: NodeJS.ProcessEnv;
  /** Rejects until the worker of that process id takes tasks. */
  readonly workerAnswers: (pid: number) => Promise<void>;
}

interface Program {
  readonly name: string;
  readonly args: readonly string[];
  /** Its port, and the path that answers when it is ready. */
  readonly http?: { readonly setting: 'API_PORT' | 'MLFLOW_PORT'; readonly path: string };
  readonly patienceMs?: number;
}

const PROGRAMS: Readonly<Record<StackProcess, Program>> = {
  worker: { name: 'The worker', args: ['worker'] },
  api: { name: 'The API', args: ['serve'], http: { setting: 'API_PORT', path: '/health/live' } },
  // The first time it installs MLflow.
  mlflow: { name: "MLflow's web UI", args: ['mlflow', 'ui'], http: { setting: 'MLFLOW_PORT', path: '/health' }, patienceMs: 600_000 },
};

/** The project's own programs as processes of this machine (Linux): they outlive the command that starts them. */
export function backgroundProcesses(settings: ProcessSettings): BackgroundProcesses {
  const locked = <T>(work: () => Promise<T>): Promise<T> => withStackLock(settings.projectFolder, work);
  return {
    up: (processes, onStep = () => undefined) => locked(() => up(settings, processes, onStep)),
    status: () => Promise.all(STACK_PROCESSES.map((process) => statusOf(settings, process))),
    logs: ({ processes, lines }) => Promise.all(chosenNames(processes, STACK_PROCESSES).map(async (process) => ({ process, text: await lastLines(places(settings, process).logFile, lines) }))),
    down: (processes) => locked(() => down(settings, chosenNames(processes, STACK_PROCESSES))),
  };
}

async function up(settings: ProcessSettings, names: readonly StackProcess[], onStep: (step: string) => void): Promise<StackProcess[]> {
  const wanted = names.length === 0 ? [] : chosenNames(names, STACK_PROCESSES);
  const started: StackProcess[] = [];
  for (const process of STACK_PROCESSES.filter((name) => wanted.includes(name))) {
    const outcome = await startServer(describeProcess(settings, process));
    onStep(`${PROGRAMS[process].name}: ${outcome}`);
    if (outcome === 'started') started.push(process);
  }
  return started;
}

async function down(settings: ProcessSettings, names: readonly StackProcess[]): Promise<StackProcess[]> {
  const stopped: StackProcess[] = [];
  for (const process of [...STACK_PROCESSES].reverse()) {
    if (names.includes(process) && (await stopRecorded(places(settings, process).recordFile, 'SIGTERM', 60_000))) stopped.push(process);
  }
  return stopped;
}

/** The background process of that name, if it runs. */
export function readBackgroundProcess(projectFolder: string, name: StackProcess): Promise<ProcessRecord | undefined> {
  return readRunning(places({ projectFolder }, name).recordFile);
}

function places({ projectFolder }: Pick<ProcessSettings, 'projectFolder'>, name: StackProcess): { readonly recordFile: string; readonly logFile: string } {
  return { recordFile: join(projectFolder, 'data', 'processes', `${name}.json`), logFile: join(projectFolder, 'logs', `${name}.log`) };
}

function portOf(settings: ProcessSettings, name: StackProcess): PortSetting | undefined {
  const setting = PROGRAMS[name].http?.setting;
  return setting === undefined ? undefined : { setting, port: settings.ports[setting] };
}

function describeProcess(settings: ProcessSettings, process: StackProcess): ServerProcess {
  const { name, args, http, patienceMs } = PROGRAMS[process];
  const port = portOf(settings, process);
  const environment = Object.fromEntries(Object.entries(settings.environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return {
    name,
    command: globalThis.process.execPath,
    args: [settings.commandFile, ...args],
    ports: port === undefined ? [] : [port],
    ...places(settings, process),
    environment,
    workingFolder: settings.projectFolder,
    stopSignal: 'SIGTERM',
    answers: http === undefined || port === undefined ? ({ pid }) => settings.workerAnswers(pid) : () => getOk(`http://127.0.0.1:${port.port}${http.path}`),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  };
}

async function getOk(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
}

async function statusOf(settings: ProcessSettings, process: StackProcess): Promise<ProcessStatus> {
  const { recordFile, logFile } = places(settings, process);
  const record = await readRunning(recordFile);
  const port = portOf(settings, process)?.port;
  const address = port === undefined ? '' : `http://127.0.0.1:${record?.port ?? port}`;
  if (record !== undefined) return { process, state: 'running', address, detail: `process ${record.pid}, log ${logFile}` };
  const holder = port === undefined || globalThis.process.platform !== 'linux' ? undefined : findPortHolder(port);
  if (holder !== undefined) return { process, state: 'held', address, detail: `the port is in use by ${describeHolder(holder)}` };
  return { process, state: 'stopped', address, detail: 'not running' };
}
