import { Worker } from 'node:worker_threads';

/** Plain JavaScript in a text: a thread cannot start from a TypeScript file on every version of Node. */
const WATCH = `
const { workerData } = require('node:worker_threads');
const check = () => { if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL'); };
check();
setInterval(check, 500);
`;

/** Ends this process, whatever it is doing, within a second of its parent's end. The watch has a thread of its own, since native code can block the main thread for long. */
export function endWithParent(parentPid: number): void {
  new Worker(WATCH, { eval: true, workerData: parentPid, execArgv: [] }).unref();
}
