/** Makes .env where it is missing, and prints the engine that the local stack will use here: `compose` or `native`. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureEnvironmentFile, readSettings } from '../adapters/local-stack/environment-file.ts';
import { openLocalStack } from '../adapters/local-stack/local-stack.ts';
import { stackSettings } from '../adapters/local-stack/settings.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
if (ensureEnvironmentFile(projectFolder, join(projectFolder, '.env.example'))) console.error('setup: made .env with random passwords');
const { engine } = await openLocalStack(stackSettings(readSettings(projectFolder, process.env), { projectFolder }));
console.log(engine);
