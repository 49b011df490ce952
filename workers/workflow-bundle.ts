import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';

/** The workflow code as one script: made by the build where there is one, else bundled from the sources now (about a second). */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const built = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  if (existsSync(built)) return { codePath: built };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const workflows = (name: string): string => fileURLToPath(new URL(`../workflows/${name}.${extension}`, import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath: workflows('index'), workflowInterceptorModules: [workflows('trace-interceptors')], logger: new DefaultLogger('WARN') });
  return { code };
}
