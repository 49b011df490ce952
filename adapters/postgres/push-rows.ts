import { createHash } from 'node:crypto';
import { refuseProblems, type Problem } from '../../domain/errors.ts';
import type { FeatureValue, ValueType } from '../../domain/features/value-types.ts';
import { formatInstant, type Micros } from '../../domain/instant.ts';
import type { PushedRow, PushedRows } from '../../domain/features/pushed-rows.ts';
import type { NativeColumn } from './column-types.ts';
import { quoteIdentifier, quoteTable } from './pool.ts';
import { cellWriter, type Refuse } from './push-cells.ts';
import { bindSource } from './view-source.ts';

/** One table's part of a push: a line of COPY's text format per event. */
export interface TableRows {
  readonly table: string;
  /** `COPY <table> (<columns>) FROM STDIN`. */
  readonly copy: string;
  /** The columns that `copy` names. */
  readonly columns: readonly string[];
  /** In the order of the push's rows. */
  readonly lines: readonly PushedLine[];
}

export interface PushedLine {
  /** Which row of its push this is, from 0 on. */
  readonly row: number;
  /** Digest of table, join keys and event timestamp: names the event. */
  readonly event: Buffer;
  /** Digest of the event with all values: names what was said of it. */
  readonly values: Buffer;
  /** The same where the row brings no created timestamp; else a digest of that, too. */
  readonly content: Buffer;
  /** The line, given the created timestamp that its row gets. */
  readonly text: (createdMicros: Micros) => string;
  /** The created timestamp that the row brings; null: none. */
  readonly createdMicros: Micros | null;
}

/** How a cell of a row becomes text for one column of the table. */
interface PushColumn {
  readonly name: string;
  /** Whether it is a part of what names the event. */
  readonly identifies: boolean;
  readonly text: (row: PushedRow, refuse: Refuse) => string;
}

/** Problems that one error lists. */
const MOST_PROBLEMS = 100;

/** What a push adds to one table: views that share it share its rows. INVALID_DEFINITION when a view does not fit the table, INVALID_DATA with rows and columns when a value does not. */
export function tableRows(views: readonly PushedRows[], columns: readonly NativeColumn[]): TableRows {
  const [first] = views as readonly [PushedRows, ...PushedRows[]];
  const { table } = first.view.source;
  const bound = views.map(({ view }) => bindSource(view, columns));
  refuseProblems('INVALID_DEFINITION', `The rows do not fit table ${table}; nothing was written.`, bound.flatMap(({ problems }) => problems));
  const created = [...new Set(views.flatMap(({ view }) => view.source.createdTimestampColumn ?? []))].sort();
  const planned = new Map<string, { readonly column: PushColumn; readonly rows: readonly PushedRow[] }>();
  for (const { view, rows } of views) for (const column of viewColumns(view, columns)) if (!planned.has(column.name)) planned.set(column.name, { column, rows });
  const cells = [...planned.values()].filter(({ column }) => !created.includes(column.name)).sort((a, b) => (a.column.name < b.column.name ? -1 : 1));
  const naming = cells.flatMap(({ column }, index) => (column.identifies ? [index] : []));
  const names = cells.map(({ column }) => column.name);
  const [eventHead, valuesHead] = [`\0event ${table}\n${naming.map((index) => names[index]).join('\t')}\n`, `${table}\n${names.join('\t')}\n`]; // no table's name has a U+0000 in it
  const problems: Problem[] = [];
  const lines = first.rows.map((_, row): PushedLine => {
    const texts = cells.map(({ column, rows }) => column.text(rows[row]!, (message) => void (problems.length < MOST_PROBLEMS && problems.push({ path: cellPlace(row, column.name), message }))));
    const text = texts.join('\t');
    const values = digest(valuesHead + text);
    const createdMicros = views.map(({ rows }) => rows[row]!.createdTimestampMicros).find((micros) => micros !== null) ?? null;
    return {
      row,
      event: digest(eventHead + naming.map((cell) => texts[cell]).join('\t')),
      values,
      content: createdMicros === null ? values : digest(`\0created ${createdMicros}\n${valuesHead}${text}`),
      text: (micros) => `${text}${created.map(() => `\t${formatInstant(micros)}`).join('')}\n`,
      createdMicros,
    };
  });
  refuseProblems('INVALID_DATA', `The rows do not fit table ${table}; nothing was written.`, problems);
  return { table, copy: `COPY ${quoteTable(table)} (${[...names, ...created].map(quoteIdentifier).join(', ')}) FROM STDIN`, columns: [...names, ...created], lines };
}

/** Where a value is, in the caller's words. */
export function cellPlace(row: number, column: string): string {
  return `${rowPlace(row)}, column ${column}`;
}

export function rowPlace(row: number): string {
  return `row ${row} (the first is 0)`;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 16);
}

function viewColumns(view: PushedRows['view'], native: readonly NativeColumn[]): PushColumn[] {
  const { source, joinKeys, features } = view;
  const columnOf = new Map(Object.entries(source.fieldMapping ?? {}).map(([column, name]) => [name, column]));
  const valueColumn = (name: string, type: ValueType, identifies: boolean, value: (row: PushedRow) => FeatureValue): PushColumn => {
    const column = columnOf.get(name) ?? name;
    const write = cellWriter(type, native.find((candidate) => candidate.name === column));
    return { name: column, identifies, text: (row, refuse) => write(value(row), refuse) };
  };
  return [
    ...joinKeys.map(({ name, type }, index) => valueColumn(name, type, true, ({ key }) => key[index]!)),
    ...features.map(({ name, type }, index) => valueColumn(name, type, false, ({ values }) => values[index]!)),
    { name: source.timestampField, identifies: true, text: ({ eventTimestampMicros }) => formatInstant(eventTimestampMicros) },
    ...(source.deletedColumn === undefined ? [] : [{ name: source.deletedColumn, identifies: false, text: ({ deleted }: PushedRow) => (deleted ? 't' : 'f') }]),
  ];
}
