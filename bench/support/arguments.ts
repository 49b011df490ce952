import { parseArgs } from 'node:util';

export const SECTION_NAMES = ['historical', 'growth', 'materialize', 'online', 'online-tls', 'start', 'bigquery'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export interface BenchArguments {
  readonly names: readonly SectionName[];
  readonly size: 'quick' | 'normal' | 'full';
  readonly repeats: number;
  /** Left out: where such a run's page goes. */
  readonly output?: string;
}

/** What is printed in place of a run. */
export interface BenchAnswer {
  readonly answer: string;
  readonly exitCode: 0 | 2;
}

const USAGE = `Usage: npm run bench -- [options]

  --only SECTIONS  some of ${SECTION_NAMES.join(',')} (default: all)
  --quick          small data, once each, to see that all works
  --full           also the long ones (tens of minutes)
  --repeats N      how often each is measured (default: 3; with --quick: 1)
  --output FILE    where the page goes (default: docs/benchmarks.md for a whole run that is not quick, else .run/benchmarks.md)

Example:
  npm run bench -- --only online --quick`;

/** The options of a run, or what to print where it is asked for help or given a wrong one. */
export function readBenchArguments(args: readonly string[]): BenchArguments | BenchAnswer {
  try {
    const { values } = parseArgs({ args: [...args], options: { only: { type: 'string' }, quick: { type: 'boolean' }, full: { type: 'boolean' }, repeats: { type: 'string' }, output: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
    if (values.help === true) return { answer: USAGE, exitCode: 0 };
    const asked = values.only?.split(',') ?? SECTION_NAMES;
    const names = SECTION_NAMES.filter((name) => asked.includes(name));
    if (asked.some((name) => !names.some((known) => known === name))) return refusal(`--only ${asked.join(',')}: there are ${SECTION_NAMES.join(', ')}.`);
    const size = values.quick === true ? 'quick' : values.full === true ? 'full' : 'normal';
    const repeats = Number(values.repeats ?? (size === 'quick' ? 1 : 3));
    if (!Number.isInteger(repeats) || repeats < 1) return refusal('--repeats is a whole number from 1.');
    return { names, size, repeats, ...(values.output === undefined ? {} : { output: values.output }) };
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) return refusal((error.message.split('. ', 1)[0] ?? '').concat('.'));
    throw error;
  }
}

function refusal(problem: string): BenchAnswer {
  return { answer: `${problem} See npm run bench -- --help`, exitCode: 2 };
}
