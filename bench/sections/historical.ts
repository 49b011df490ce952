import type { Bench } from '../run.ts';
import { loadFlights, ALL_FLIGHTS } from '../support/flights.ts';
import { AUTO, compareJoins, FIXED, LATERAL, PLAIN, SNAPSHOT, WAREHOUSE, type Joined, type Taken } from '../support/join-ways.ts';
import { goal, OTHERS_HEADER, othersCell, spread, times, type Section, type Table } from '../support/report.ts';
import { median, type Samples } from '../support/samples.ts';

/** Rows: of Feast as it is, which takes a minute for a thousand, and of everything else. */
const SIZES: Readonly<Record<Bench['size'], { readonly plain: number; readonly all: number }>> = { quick: { plain: 500, all: 10_000 }, normal: { plain: 1000, all: ALL_FLIGHTS }, full: { plain: 4000, all: ALL_FLIGHTS } };

/** Point-in-time joins of flights with the four views of the project. */
export async function historical(bench: Bench): Promise<Section> {
  const flights = await loadFlights(bench);
  try {
    const sizes = SIZES[bench.size];
    const plain = await compareJoins(bench, flights, sizes.plain, [PLAIN, WAREHOUSE, SNAPSHOT, AUTO]);
    const all = await compareJoins(bench, flights, sizes.all, [FIXED, LATERAL, WAREHOUSE, SNAPSHOT]);
    return { title: 'Historical features', text: TEXT, tables: [timesTable(bench, sizes.plain, plain), timesTable(bench, sizes.all, all)], goals: goals(sizes.all, all) };
  } finally {
    await flights.close();
  }
}

const TEXT = [
  'Flights of nycflights13, each joined with four views (weather by origin, plane_stats and plane_info by tail number, carrier_stats by carrier and origin; 16 features) as of its scheduled departure. All read the same tables of one PostgreSQL, each with',
  'an index on its keys and event timestamp. Feast writes a Parquet file by `get_historical_features(...).to_arrow()` of a spine given as a query; this project by what `ml-pipeline features historical` does. Both write the spine into the',
  "warehouse first, which is part of their time in the column \"with the spine\". The LATERAL query looks up the newest row of each view by hand (LATERAL ... ORDER BY event_timestamp DESC LIMIT 1) from the spine's table, and its rows are thrown away as they come (COPY, binary);",
  'it is to be compared with the column "join". Every way is a process of its own, whose start, imports and connecting are not counted, except in its CPU, which is that of the process and of PostgreSQL. Number of rows, number of values and sum of each feature were compared: they are the same by all ways. Without being told, the project chooses by estimates (`auto`); Feast takes minutes and is run once.',
].join('\n');

const whole = ({ seconds, spineSeconds = 0 }: Joined): number => seconds + spineSeconds;

function timesTable(bench: Bench, rows: number, taken: Taken): Table {
  const feast = taken.get(FIXED) ?? taken.get(PLAIN);
  const best = (name: string): number => median(taken.get(name)?.results.map(({ seconds }) => seconds) ?? []);
  return {
    caption: `${rows.toLocaleString('en-US')} rows`,
    header: ['', 'join, s', 'with the spine, s', 'rows/s of the join', 'CPU of all, s', 'peak memory, MB', 'faster than Feast', 'faster than LATERAL', OTHERS_HEADER],
    rows: [...taken.values()].map((samples) => {
      const { name, results, limit } = samples;
      const shown = results.length === 1 && bench.repeats > 1 ? `${name} (1 run)` : name;
      if (limit !== undefined) return [shown, '', `not done after ${limit}`, '', '', '', '', '', othersCell(samples)];
      const isFeast = name.startsWith('Feast');
      const seconds = results.map((each) => each.seconds);
      return [
        shown,
        isFeast ? '' : spread(seconds, 2),
        name === LATERAL ? '' : spread(results.map(whole), 2),
        Math.round(rows / median(seconds)).toLocaleString('en-US'),
        spread(samples.cpuSeconds, 1),
        spread(results.map(({ peakMb }) => peakMb), 0),
        name === LATERAL ? '' : times(median(feast?.results.map(whole) ?? []) / median(results.map(whole))),
        isFeast ? '' : times(best(LATERAL) / best(name)),
        othersCell(samples),
      ];
    }),
  };
}

function goals(rows: number, all: Taken): Section['goals'] {
  const count = rows.toLocaleString('en-US');
  const against = (peer: string, name: string, value: (joined: Joined) => number): readonly [number, Samples<Joined>[]] => [
    median(all.get(peer)?.results.map(value) ?? []) / median(all.get(name)!.results.map(value)),
    [peer, name].flatMap((side) => all.get(side) ?? []),
  ];
  const join = ({ seconds }: Joined): number => seconds;
  const snapshot = all.get(SNAPSHOT)!;
  return [
    goal(`\`warehouse\` against ${FIXED}, ${count} rows`, 'at least', 30, 'x', ...against(FIXED, WAREHOUSE, whole)),
    goal(`\`snapshot\` against ${FIXED}, ${count} rows`, 'at least', 75, 'x', ...against(FIXED, SNAPSHOT, whole)),
    goal(`\`warehouse\` against the LATERAL query, ${count} rows`, 'at least', 1, 'x', ...against(LATERAL, WAREHOUSE, join)),
    goal(`\`snapshot\` against the LATERAL query, ${count} rows`, 'at least', 2, 'x', ...against(LATERAL, SNAPSHOT, join)),
    goal(`memory of \`snapshot\`, ${count} rows`, 'less than', 600, 'MB', Math.max(...snapshot.results.map(({ peakMb }) => peakMb)), [snapshot]),
  ];
}
