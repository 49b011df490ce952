import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TOOLS } from '../../support/server-group.ts';

const PYTHON = join(TOOLS, 'cloud', 'bin', 'python');

/** What sqlglot, a parser of BigQuery's SQL, finds wrong with each statement where it forgives nothing (the stand-in for BigQuery runs some SQL that BigQuery does not know); null: nothing. One process for all. */
export async function sqlProblems(statements: readonly string[]): Promise<readonly (string | null)[]> {
  if (!existsSync(PYTHON)) throw new Error(`sqlglot is not in ${join(TOOLS, 'cloud')}: run scripts/install_tools.sh cloud`);
  const child = spawn(PYTHON, [join(import.meta.dirname, 'sqlglot-parse.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(statements.map((sql) => `${JSON.stringify(sql)}\n`).join(''));
  const [output, [code]] = (await Promise.all([text(child.stdout), once(child, 'exit')])) as [string, [number | null]];
  const problems = output.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as string | null);
  if (code !== 0 || problems.length !== statements.length) throw new Error(`sqlglot ended with ${code} after ${problems.length} of ${statements.length} statements.`);
  return problems;
}
