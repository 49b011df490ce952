import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Where `scripts/install_tools.sh interop` puts Python and MLflow. */
export const FOLDER = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'interop', 'bin');

/** One command of `client.py`: its answer, and what MLflow wrote beside it. */
export async function python(command: string, trackingUri: string, argument = '', input: unknown = null, variables: Readonly<Record<string, string>> = {}): Promise<{ answer: unknown; log: string }> {
  const { output, log } = await run(join(FOLDER, 'python'), [fileURLToPath(new URL('client.py', import.meta.url)), command, trackingUri, argument], JSON.stringify(input), variables);
  return { answer: JSON.parse(output.trim().split('\n').at(-1) ?? ''), log };
}

/** Runs a program of MLflow's to its end. */
export async function run(program: string, args: readonly string[], input = '', variables: Readonly<Record<string, string>> = {}): Promise<{ output: string; log: string }> {
  // Not in the project's folder, where a ./mlruns of the developer's would become MLflow's default.
  const child = spawn(program, args, { cwd: tmpdir(), env: { ...process.env, ...variables, MLFLOW_ALLOW_FILE_STORE: 'true', MLFLOW_DISABLE_TELEMETRY: 'true', GIT_PYTHON_REFRESH: 'quiet' } });
  child.stdin.end(input);
  const [output, log, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  assert.equal(code, 0, `${program} ${args.join(' ')}\n${output}\n${log}`);
  return { output, log };
}
