#!/usr/bin/env node
// In the package the command is compiled; in a checkout its TypeScript runs as it is.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = new URL('../cli/main.ts', import.meta.url);
const compiled = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(fileURLToPath(source))) {
  const { register } = await import('tsx/esm/api').catch((error) => {
    refuse(error.code === 'ERR_MODULE_NOT_FOUND' ? 'the npm modules of this checkout are not installed. Run in its folder: npm ci' : String(error));
  });
  register();
  await import(source.href);
} else if (existsSync(fileURLToPath(compiled))) {
  await import(compiled.href);
} else {
  refuse(`this package holds no compiled code (${fileURLToPath(compiled)} is missing): it was packed without being built.\nIn the checkout that it was packed in, run \`npm run pack\`, and install the .tgz file that it makes.`);
}

/** @param {string} reason */
function refuse(reason) {
  console.error(`error: ${reason}`);
  process.exit(2);
}
