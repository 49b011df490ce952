import { text } from 'node:stream/consumers';
import { ownPeakMegabytes } from './machine.ts';

/** The body of a measured process: options from standard input, the outcome with the peak of memory to standard output. See runChild. */
export async function childTask<Options>(work: (options: Options) => Promise<object>): Promise<void> {
  const outcome = await work(JSON.parse(await text(process.stdin)) as Options);
  console.log(JSON.stringify({ ...outcome, peakMb: await ownPeakMegabytes() }));
}

/** Seconds that the work took, and what it gave. */
export async function timed<T>(work: () => Promise<T>): Promise<readonly [number, T]> {
  const start = performance.now();
  const result = await work();
  return [(performance.now() - start) / 1000, result];
}
