import { isQuiet, median, QUIET_CORES, type Samples } from './samples.ts';

export interface Table {
  readonly caption: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What was to be reached, and what was. */
export interface Goal {
  readonly work: string;
  readonly goal: string;
  readonly shown: string;
  /** Both sides of a comparison are there. */
  readonly measured: boolean;
  readonly reached: boolean;
  /** Both sides of the comparison had a quiet machine. */
  readonly quiet: boolean;
}

export interface Section {
  readonly title: string;
  /** How it was measured. */
  readonly text: string;
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
}

/** The last column of every table: what others did to the machine meanwhile. */
export const OTHERS_HEADER = 'others, cores';
export function othersCell(samples: Samples<unknown>): string {
  return `${samples.othersBefore.toFixed(1)} / ${samples.othersDuring.toFixed(1)}${isQuiet(samples) ? '' : ' **not quiet**'}`;
}

/** `4.81 (4.70 to 5.02)` */
export function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return '-';
  const text = (value: number): string => value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return values.length === 1 ? text(values[0]!) : `${text(median(values))} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}

/** `31 x`; `-` where one side was not measured. */
export function times(ratio: number): string {
  return Number.isFinite(ratio) ? `${ratio >= 10 ? Math.round(ratio).toLocaleString('en-US') : ratio.toFixed(2)} x` : '-';
}

/** A goal of at least, or at most, so much of a figure. */
export function goal(work: string, bound: 'at least' | 'less than', limit: number, unit: string, value: number, sides: readonly Samples<unknown>[]): Goal {
  const reached = bound === 'at least' ? value >= limit : value < limit;
  const number = (figure: number): string => figure.toLocaleString('en-US', { maximumFractionDigits: figure < 100 ? 2 : 0 });
  return { work, goal: `${bound} ${number(limit)} ${unit}`, shown: Number.isNaN(value) ? 'not measured' : `${number(value)} ${unit}`, measured: !Number.isNaN(value), reached, quiet: sides.every(isQuiet) };
}

/** A section with when and how it was measured. */
export interface Measured extends Section {
  readonly how: string;
  readonly size: string;
}

/** `facts`: of machine and programs, which are those of all sections. */
export function renderPage(facts: readonly (readonly [string, string])[], sections: readonly Measured[]): string {
  const verdict = ({ measured, reached, quiet }: Goal, size: string): string => (!measured ? '-' : size === 'quick' ? 'nothing is claimed of a quick run' : !quiet ? 'nothing is claimed: the machine was not quiet' : reached ? 'yes' : '**no**');
  const goals = sections.flatMap((section) => section.goals.map((each) => [each.work, each.goal, each.shown, verdict(each, section.size)]));
  return [
    '# Benchmarks',
    'Written by `npm run bench`, which measures the ways of a section in one go. Absolute figures belong to the machine; what to compare are the ratios, of runs that took turns on the same data. A figure is the median, with the least and '
      + `the greatest in parentheses. "Others" are the cores that processes outside of the benchmark kept at work, right before a run and during it (the worst of the repeats); with more than ${QUIET_CORES} before a run, nothing is claimed of its row.`,
    table({ header: ['', ''], rows: facts }),
    ...(goals.length === 0 ? [] : ['## Against the goals', table({ header: ['work', 'goal', 'measured', 'reached'], rows: goals })]),
    ...sections.flatMap(({ title, how, text, tables }) => [`## ${title}`, `Measured ${how}.`, text, ...tables.flatMap((each) => [`### ${each.caption}`, table(each)])]),
  ].join('\n\n') + '\n';
}

function table({ header, rows }: Pick<Table, 'header' | 'rows'>): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
