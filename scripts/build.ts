/**
 * Builds `dist/`, what the package is made of: the compiled code, its types, and the workflows as one script, so that a worker need not bundle them.
 *   npm run build
 */
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'dist');
const temporary = join(root, '.run', 'dist');
const previous = join(root, '.run', 'dist.old');

for (const folder of [temporary, previous]) rmSync(folder, { recursive: true, force: true });
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status, error } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', temporary], { stdio: 'inherit' });
if (error !== undefined) throw error;
if (status !== 0) process.exit(status ?? 1); // the compiler has said what is wrong
const { code } = await bundleWorkflowCode({ workflowsPath: join(temporary, 'workflows', 'index.js'), workflowInterceptorModules: [join(temporary, 'workflows', 'trace-interceptors.js')], logger: new DefaultLogger('WARN') });
writeFileSync(join(temporary, 'workflow-bundle.js'), code);
// Two renames: `dist` is never half-written.
if (existsSync(target)) renameSync(target, previous);
renameSync(temporary, target);
rmSync(previous, { recursive: true, force: true });
console.log(`built ${target}`);
