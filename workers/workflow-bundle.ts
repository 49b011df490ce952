import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';

/** The workflow code as one script: made by the build where there is one, else bundled from the sources now (about a second). */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const built = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  if (existsSync(built)) return { codePath: built };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const { code } = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url)), logger: new DefaultLogger('WARN') });
  return { code };
}
