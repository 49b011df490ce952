import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';

const INSTALLED = join('.tools', 'lightgbm', 'lib_lightgbm.so');

/** The configured file, or the one that `scripts/install_tools.sh lightgbm` put into the tool folder of the package or of a folder above it. INVALID_CONFIG when there is none. */
export function findLibrary(configured: string | undefined): string {
  if (configured !== undefined) {
    if (existsSync(configured)) return configured;
    throw new PipelineError('INVALID_CONFIG', `LightGBM's library is set to ${configured} (ML_PIPELINE_LIGHTGBM), where there is no file. Correct the setting, or leave it out and run: scripts/install_tools.sh lightgbm`);
  }
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, INSTALLED))) return join(folder, INSTALLED);
    if (folder === dirname(folder)) throw new PipelineError('INVALID_CONFIG', "LightGBM's library is not installed. Run: scripts/install_tools.sh lightgbm");
  }
}

/** The version that stands in VERSION.txt beside the library or one folder up (as in LightGBM's Python package); `unknown` when neither is there. */
export function libraryVersion(library: string): string {
  for (const folder of [dirname(library), dirname(dirname(library))]) {
    const file = join(folder, 'VERSION.txt');
    if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  }
  return 'unknown';
}
