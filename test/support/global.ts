import { join } from 'node:path';
import { cloudServerGroup } from './cloud-servers.ts';
import { testServerGroup } from './servers.ts';

// Tests train with the library of the tool folder that this run names, wherever that is.
const tools = process.env['ML_PIPELINE_TOOLS'];
if (tools !== undefined) process.env['ML_PIPELINE_LIGHTGBM'] ??= join(tools, 'lightgbm', 'lib_lightgbm.so');

/** mocha calls this once, after the last test of the run. */
export async function mochaGlobalTeardown(): Promise<void> {
  await Promise.all([testServerGroup.stopOwn(), cloudServerGroup.stopOwn()]);
}
