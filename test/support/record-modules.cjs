// Preloaded into a child (node --require): writes the files of all modules that it loads to the file that RECORD_MODULES names, one a line.
const { appendFileSync } = require('node:fs');
const Module = require('node:module');

const file = process.env.RECORD_MODULES;
// Hooks see what is imported; what CommonJS modules require among themselves is in their cache at the end.
const hooks = `
  import { appendFileSync } from 'node:fs';
  export async function load(url, context, nextLoad) {
    appendFileSync(${JSON.stringify(file)}, url + '\\n');
    return nextLoad(url, context);
  }`;
Module.register(`data:text/javascript,${encodeURIComponent(hooks)}`);
process.on('exit', () => appendFileSync(file, Object.keys(Module._cache).map((path) => `${path}\n`).join('')));
