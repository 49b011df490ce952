/** Makes .env where it is missing, and prints the engine that the local stack will use here: `compose` or `native`. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openProjectStack } from '../adapters/local-stack/local-stack.ts';

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const { engine } = await openProjectStack({ projectFolder: folder, packageFolder: folder, environment: process.env }, (step) => console.error(`setup: ${step}`));
console.log(engine);
