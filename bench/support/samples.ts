import { coresOfOthers, coresOfOthersNow, cpuClock, loadAverage } from './machine.ts';

/** One of the things that are compared. */
export interface Way<T> {
  readonly name: string;
  /** Takes minutes, so that one run must do. */
  readonly once?: boolean;
  /** Measures once; rejects with TimeLimitError when it takes too long. */
  run(): Promise<T>;
}

/** A run that was ended because it took too long. It is not repeated, and nothing is extrapolated from it. */
export class TimeLimitError extends Error {
  readonly seconds: number;
  constructor(seconds: number) {
    super(`not done after ${seconds} s`);
    this.seconds = seconds;
  }
}

export interface Samples<T> {
  readonly name: string;
  readonly results: readonly T[];
  /** Of each run: seconds of processor that this benchmark took, its servers' with it. What a busy machine changes least. */
  readonly cpuSeconds: readonly number[];
  /** Seconds after which a run was ended. */
  readonly limit?: number;
  /** Cores that others kept at work: the most of the seconds right before each run, and of the runs. */
  readonly othersBefore: number;
  readonly othersDuring: number;
}

/** More than this before a run, and nothing is claimed of it. */
export const QUIET_CORES = 0.7;

/** Runs the ways in turn (A B A B A B), so that whatever else the machine does meets all of them. */
export async function takeTurns<T>(ways: readonly Way<T>[], repeats: number): Promise<ReadonlyMap<string, Samples<T>>> {
  const taken = new Map<string, Samples<T>>(ways.map(({ name }) => [name, { name, results: [], cpuSeconds: [], othersBefore: 0, othersDuring: 0 }]));
  for (let turn = 1; turn <= repeats; turn++) {
    for (const way of ways) {
      const sofar = taken.get(way.name)!;
      if (sofar.limit !== undefined || (way.once === true && turn > 1)) continue;
      const othersBefore = await coresOfOthersNow();
      const before = await cpuClock();
      const outcome = await way.run().then((result) => ({ result }), limitOrThrow);
      const after = await cpuClock();
      const [othersDuring, cpuSeconds] = [coresOfOthers(before, after), after.own - before.own];
      console.error(`${turn}/${repeats} ${way.name}: ${JSON.stringify(outcome)}; CPU ${cpuSeconds.toFixed(2)} s; cores of others ${othersBefore.toFixed(2)} before, ${othersDuring.toFixed(2)} during; load average ${await loadAverage()}`);
      taken.set(way.name, {
        ...sofar,
        ...('limit' in outcome ? { limit: outcome.limit } : { results: [...sofar.results, outcome.result], cpuSeconds: [...sofar.cpuSeconds, cpuSeconds] }),
        othersBefore: Math.max(sofar.othersBefore, othersBefore),
        othersDuring: Math.max(sofar.othersDuring, othersDuring),
      });
    }
  }
  return taken;
}

function limitOrThrow(error: unknown): { readonly limit: number } {
  if (error instanceof TimeLimitError) return { limit: error.seconds };
  throw error;
}

export function isQuiet({ othersBefore }: Pick<Samples<unknown>, 'othersBefore'>): boolean {
  return othersBefore <= QUIET_CORES;
}

/** The middle one, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
