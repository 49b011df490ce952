/**
 * Measures this project beside what it is compared to, on the same data in one go, and writes docs/benchmarks.md.
 *
 *   npm run bench [-- --only historical,growth,materialize,online,online-tls,start,bigquery] [--quick] [--full] [--repeats 3] [--output file]
 *
 * `--quick`: small data, once each, to see that all works; `--full`: also the long ones (tens of minutes). A whole run that is not quick writes docs/benchmarks.md, any other one .run/benchmarks.md, unless `--output` says
 * otherwise. Sections that a run leaves out are those that were measured last on the same machine with the same programs: `--only growth --full --output docs/benchmarks.md` measures that one in a sitting of its own.
 * Everything is measured compiled, as it is installed: run from TypeScript, tsx's wrapping of every function would be measured with it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { readBenchArguments } from './support/arguments.ts';
import type * as Run from './run.ts';

const chosen = readBenchArguments(process.argv.slice(2));
if ('answer' in chosen) {
  (chosen.exitCode === 0 ? process.stdout : process.stderr).write(`${chosen.answer}\n`);
  process.exit(chosen.exitCode);
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(join(ROOT, '.run'), { recursive: true });
const compiled = mkdtempSync(join(ROOT, '.run', 'bench-')); // inside of the project: the modules are found from there
process.once('exit', () => rmSync(compiled, { recursive: true, force: true }));
const args = [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(ROOT, 'tsconfig.json'), '--noCheck', '--noEmit', 'false', '--rootDir', ROOT, '--outDir', compiled];
const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
if (status !== 0) throw new Error(`The sources could not be compiled:\n${stdout}`);
const { code } = await bundleWorkflowCode({ workflowsPath: join(compiled, 'workflows', 'index.js'), logger: new DefaultLogger('WARN') });
writeFileSync(join(compiled, 'workflow-bundle.js'), code);
const { run } = (await import(pathToFileURL(join(compiled, 'bench', 'run.js')).href)) as typeof Run;
await run(ROOT, chosen);
