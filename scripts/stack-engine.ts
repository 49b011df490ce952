/** Makes .env where it is missing, and prints the engine that the local stack will use here: `compose` or `native`. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineError } from '../domain/errors.ts';
import { openProjectStack } from '../adapters/local-stack/local-stack.ts';

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const stack = await openProjectStack({ projectFolder: folder, packageFolder: folder, environment: process.env }, (step) => console.error(`setup: ${step}`)).catch((error: unknown) => {
  if (!(error instanceof PipelineError)) throw error;
  console.error(`setup: ${error.message}`);
  process.exit(2);
});
console.log(stack.engine);
