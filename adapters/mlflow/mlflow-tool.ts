import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { PipelineError } from '../../domain/errors.ts';
import { isThere } from './store.ts';

/** Where MLflow itself is, and the script that puts it there (`scripts/install_tools.sh`). */
export interface MlflowTool {
  readonly toolsFolder: string;
  readonly installScript: string;
}

/** MLflow refuses a file store unless this is set. Telemetry is off: a local tool calls nobody. */
const ENVIRONMENT = { MLFLOW_ALLOW_FILE_STORE: 'true', MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' };
const KEPT_LINES = 30;

export interface MlflowProcess {
  readonly child: ChildProcess;
  /** Resolves to the exit code. */
  readonly ended: Promise<number>;
  /** The last lines that it wrote. */
  readonly lastLines: () => string;
}

/** Installs MLflow into the tool folder when it is not there (some minutes, once). UNAVAILABLE with the script's last lines when that fails. */
export async function ensureMlflow(tool: MlflowTool, onLine: (line: string) => void): Promise<void> {
  if (await isThere(program(tool))) return;
  onLine('Installing MLflow into the tool folder; this takes some minutes, once.');
  const { ended, lastLines } = start('bash', [tool.installScript, 'mlflow'], { ML_PIPELINE_TOOLS: tool.toolsFolder }, onLine);
  if ((await ended) !== 0) throw new PipelineError('UNAVAILABLE', `MLflow could not be installed with ${tool.installScript}:\n${lastLines()}`);
}

/** Starts an `mlflow` command, in a process group of its own. */
export function startMlflow(tool: MlflowTool, args: readonly string[], onLine: (line: string) => void): MlflowProcess {
  return start(program(tool), args, ENVIRONMENT, onLine);
}

/** The same command as a user types it: with the variable that MLflow wants. */
export function shellCommand(tool: MlflowTool, args: readonly string[]): string {
  return ['MLFLOW_ALLOW_FILE_STORE=true', program(tool), ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** Refuses a folder that holds no file store: MLflow would make one without a word. */
export async function checkFileStore(root: string): Promise<string> {
  if (!(await isThere(join(root, '0', 'meta.yaml')))) throw new PipelineError('NOT_FOUND', `There is no MLflow store in ${root}. Train a model first (ml-pipeline train), or set tracking.folder in config/environments.`);
  return pathToFileURL(root).href;
}

function program({ toolsFolder }: MlflowTool): string {
  return join(toolsFolder, 'mlflow', 'bin', 'mlflow');
}

function start(command: string, args: readonly string[], environment: Readonly<Record<string, string>>, onLine: (line: string) => void): MlflowProcess {
  const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      onLine(line);
    });
  }
  const ended = new Promise<number>((settle, fail) => {
    child.once('error', (error) => fail(new PipelineError('UNAVAILABLE', `${command} could not be started: ${error.message}`, { cause: error })));
    child.once('close', (code) => settle(code ?? 1));
  });
  return { child, ended, lastLines: () => lines.join('\n') };
}
