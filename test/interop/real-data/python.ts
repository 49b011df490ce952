import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PYTHON = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'interop', 'bin', 'python');

/** A `before` hook: without the Python tools the tests are skipped, except where they must run. */
export function needsPython(this: Mocha.Context): void {
  if (existsSync(PYTHON)) return;
  if (process.env['CI'] === 'true') assert.fail(`There is no ${PYTHON}: run scripts/install_tools.sh interop`);
  this.skip();
}

/** Asks reference.py; its answer. */
export async function askPython<T>(request: Readonly<Record<string, unknown>>): Promise<T> {
  // Not in the project's folder, where a ./mlruns of the developer's would become MLflow's default.
  const child = spawn(PYTHON, ['-W', 'ignore', join(import.meta.dirname, 'reference.py')], { cwd: tmpdir(), env: { ...process.env, MLFLOW_ALLOW_FILE_STORE: 'true', MLFLOW_DISABLE_TELEMETRY: 'true', GIT_PYTHON_REFRESH: 'quiet', OMP_WAIT_POLICY: 'passive' } });
  child.stdin.end(JSON.stringify(request));
  const [output, log, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  assert.equal(code, 0, `reference.py ${String(request['command'])}\n${output}\n${log}`);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as T;
}

/** Adds the figures as a line of JSON to the file that ML_PIPELINE_EVIDENCE names; without it they are only asserted. */
export function noteFigures(title: string, figures: object): void {
  const file = process.env['ML_PIPELINE_EVIDENCE'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ title, ...figures })}\n`);
}
