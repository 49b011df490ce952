import type { Bench } from '../run.ts';
import { loadFlights, ALL_FLIGHTS } from '../support/flights.ts';
import { compareJoins, SNAPSHOT, WAREHOUSE, type Joined, type Taken } from '../support/join-ways.ts';
import { goal, OTHERS_HEADER, othersCell, spread, type Section, type Table } from '../support/report.ts';
import { median } from '../support/samples.ts';

const SIZES: Readonly<Record<Bench['size'], readonly number[]>> = { quick: [10_000, 50_000], normal: [ALL_FLIGHTS, 1_000_000], full: [ALL_FLIGHTS, 1_000_000, 3_000_000, 10_000_000] };
const TEXT = 'The joins of "Historical features" by this project alone, of spines that hold the flights several times. The time is that of writing the spine and of the join.';

/** How time and memory of point-in-time joins grow with the spine. */
export async function growth(bench: Bench): Promise<Section> {
  const flights = await loadFlights(bench);
  try {
    const grown: (readonly [number, Taken])[] = [];
    for (const rows of SIZES[bench.size]) grown.push([rows, await compareJoins(bench, flights, rows, [WAREHOUSE, SNAPSHOT])]);
    return { title: 'Historical features of long spines', text: TEXT, tables: [WAREHOUSE, SNAPSHOT].map((name) => table(name, grown)), goals: [WAREHOUSE, SNAPSHOT].flatMap((name) => goals(name, grown)) };
  } finally {
    await flights.close();
  }
}

const whole = ({ seconds, spineSeconds = 0 }: Joined): number => seconds + spineSeconds;

function table(name: string, grown: readonly (readonly [number, Taken])[]): Table {
  return {
    caption: name,
    header: ['rows', 'spine, s', 'join, s', 'microseconds a row', 'CPU of all, s', 'peak memory, MB', OTHERS_HEADER],
    rows: grown.map(([rows, taken]) => {
      const samples = taken.get(name)!;
      const { results, cpuSeconds } = samples;
      return [
        rows.toLocaleString('en-US'), spread(results.map(({ spineSeconds = 0 }) => spineSeconds), 2), spread(results.map(({ seconds }) => seconds), 2), ((median(results.map(whole)) / rows) * 1e6).toFixed(2),
        spread(cpuSeconds, 1), spread(results.map(({ peakMb }) => peakMb), 0), othersCell(samples),
      ];
    }),
  };
}

function goals(name: string, grown: readonly (readonly [number, Taken])[]): Section['goals'] {
  const samples = grown.map(([, taken]) => taken.get(name)!);
  const perRow = grown.map(([rows], i) => median(samples[i]!.results.map(whole)) / rows);
  const [first, last] = [grown[0]![0], grown.at(-1)![0]].map((rows) => rows.toLocaleString('en-US'));
  return [
    goal(`time of \`${name}\` for a row, ${last} rows against ${first}`, 'less than', 1.2, 'x', perRow.at(-1)! / perRow[0]!, samples),
    ...(name === SNAPSHOT ? [goal(`memory of \`${name}\`, ${last} rows`, 'less than', 600, 'MB', Math.max(...samples.flatMap(({ results }) => results.map(({ peakMb }) => peakMb))), samples)] : []),
  ];
}
