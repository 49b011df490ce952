import { createHash } from 'node:crypto';
import { refuseProblems, type Problem } from '../../domain/errors.ts';
import type { PushedRow, PushedRows } from '../../domain/features/pushed-rows.ts';
import type { ColumnType } from '../../domain/data/columns.ts';
import type { Micros } from '../../domain/instant.ts';
import { suggestion } from '../../domain/nearest.ts';
import { converts } from './column-types.ts';
import { cellWriter, instantWriter, type Refuse } from './push-cells.ts';
import type { WriteColumn, WriteSchema } from './push-schema.ts';
import { rowDocument } from './push-document.ts';
import { encodeField, encodeValue } from './push-wire.ts';

/** One table's part of a push. */
export interface TableRows {
  readonly table: string;
  readonly views: readonly string[];
  readonly schema: WriteSchema;
  /** In the order of the push's rows. */
  readonly lines: readonly PushedLine[];
}

export interface PushedLine {
  /** Which row of its push this is, from 0 on. */
  readonly row: number;
  /** Digest of table, join keys and event timestamp: names the event. */
  readonly event: Buffer;
  /** Digest of the event with all values, and with the created timestamp where the row brings one: names what was said of it. */
  readonly content: Buffer;
  /** The created timestamp that the row brings; null: none. */
  readonly createdMicros: Micros | null;
  readonly eventMicros: Micros;
  /** The row as a message, given the created timestamp that it gets. */
  readonly message: (createdMicros: Micros) => Buffer;
  /** The row as JSON text, by column; without its created timestamp. */
  readonly document: () => string;
}

/** A column of the table that the views fill. */
interface PushColumn {
  readonly column: WriteColumn;
  /** Whether it is a part of what names the event. */
  readonly identifies: boolean;
  readonly write: (row: PushedRow, refuse: Refuse) => readonly Buffer[];
  readonly rows: readonly PushedRow[];
}

/** Problems that one error lists. */
const MOST_PROBLEMS = 100;

/** What a push adds to one table: views that share it share its rows. INVALID_DEFINITION when a view does not fit the table, INVALID_DATA with rows and columns when a value does not. */
export function tableRows(views: readonly PushedRows[], schema: WriteSchema): TableRows {
  const [first] = views as readonly [PushedRows, ...PushedRows[]];
  const { table } = first.view.source;
  const misfits: Problem[] = [];
  const planned = new Map<string, PushColumn>();
  for (const part of views) for (const column of viewColumns(part, schema, misfits)) if (!planned.has(column.column.name)) planned.set(column.column.name, column);
  const created = [...new Set(views.flatMap(({ view }) => view.source.createdTimestampColumn ?? []))].sort().flatMap((name) => bound(schema, name, 'Timestamp', table, `created timestamp column`, misfits) ?? []);
  for (const name of schema.required.filter((one) => !planned.has(one) && !created.some((column) => column.name === one))) misfits.push({ path: `column ${name}`, message: `table ${table} requires it, and no view of the push fills it.`, cure: 'Let the column be null, give it a default, or add the feature.' });
  refuseProblems('INVALID_DEFINITION', `The rows do not fit table ${table}; nothing was written.`, misfits);
  const cells = [...planned.values()].filter(({ column }) => !created.includes(column)).sort((a, b) => (a.column.name < b.column.name ? -1 : 1));
  const stamps = created.map((column) => ({ column, write: instantWriter(column) }));
  const problems: Problem[] = [];
  const note = (row: number, column: string, message: string): void => void (problems.length < MOST_PROBLEMS && problems.push({ path: cellPlace(row, column), message }));
  const lines = first.rows.map((_, row) => lineOf(row, cells, stamps, table, views, note));
  refuseProblems('INVALID_DATA', `The rows do not fit table ${table}; nothing was written.`, problems);
  return { table, views: views.map(({ view }) => view.name), schema, lines };

  function lineOf(row: number, columns: readonly PushColumn[], createdColumns: typeof stamps, of: string, parts: readonly PushedRows[], report: typeof note): PushedLine {
    const written = columns.map(({ column, write, rows }) => {
      const values = write(rows[row]!, (why) => report(row, column.name, why));
      if (values.length === 0 && schema.required.includes(column.name)) report(row, column.name, 'the column may not be null.');
      return values;
    });
    const naming = written.filter((_values, index) => columns[index]!.identifies);
    const createdMicros = parts.map(({ rows }) => rows[row]!.createdTimestampMicros).find((micros) => micros !== null) ?? null;
    if (createdMicros !== null) for (const { column, write } of createdColumns) write(createdMicros, (why) => report(row, column.name, why));
    const names = columns.map(({ column }) => column.name);
    const head = `${of}\n${names.join('\t')}\n`;
    const body = Buffer.concat(written.map((values, index) => fieldOf(columns[index]!.column, values)));
    return {
      row,
      event: digest(`\0event ${of}\n${names.filter((_name, index) => columns[index]!.identifies).join('\t')}\n`, naming),
      content: digest(createdMicros === null ? head : `\0created ${createdMicros}\n${head}`, written),
      createdMicros,
      eventMicros: parts[0]!.rows[row]!.eventTimestampMicros,
      message: (micros) => Buffer.concat([body, ...createdColumns.map(({ column, write }) => fieldOf(column, write(micros, ignore)))]),
      document: () => rowDocument(parts.map(({ view, rows }) => ({ view, row: rows[row]! }))),
    };
  }
}

/** Where a value is, in the caller's words. */
export function cellPlace(row: number, column: string): string {
  return `${rowPlace(row)}, column ${column}`;
}

export function rowPlace(row: number): string {
  return `row ${row} (the first is 0)`;
}

function ignore(): void {
  // a created timestamp of the caller's own was looked at with the row; one of ours is the clock's
}

function fieldOf({ field, wire, isList }: WriteColumn, values: readonly Buffer[]): Buffer {
  return encodeField(field, wire, isList, values);
}

/** Of values, not of the fields' numbers: the same row keeps its digest when the table gets another column. */
function digest(head: string, cells: readonly (readonly Buffer[])[]): Buffer {
  const hash = createHash('sha256').update(head);
  for (const values of cells) {
    hash.update(encodeValue(values.length, 'varint'));
    for (const value of values) hash.update(encodeValue(value, 'bytes'));
  }
  return hash.digest().subarray(0, 16);
}

function viewColumns({ view, rows }: PushedRows, schema: WriteSchema, problems: Problem[]): PushColumn[] {
  const { source, joinKeys, features, name } = view;
  const columnOf = new Map(Object.entries(source.fieldMapping ?? {}).map(([column, field]) => [field, column]));
  const bind = (field: string, type: ColumnType, path: string): WriteColumn | undefined => bound(schema, type === 'Timestamp' ? field : (columnOf.get(field) ?? field), type, source.table, `feature view ${name}, ${path}`, problems);
  const found: (PushColumn | undefined)[] = [
    ...joinKeys.map(({ name: key, type }, index) => {
      const column = bind(key, type, `join key ${key}`);
      const write = column === undefined ? undefined : cellWriter(type, column);
      return column && write && { column, rows, identifies: true, write: (row: PushedRow, refuse: Refuse) => write(row.key[index]!, refuse) };
    }),
    ...features.map(({ name: feature, type }, index) => {
      const column = bind(feature, type, `feature ${feature}`);
      const write = column === undefined ? undefined : cellWriter(type, column);
      return column && write && { column, rows, identifies: false, write: (row: PushedRow, refuse: Refuse) => write(row.values[index]!, refuse) };
    }),
  ];
  const event = bind(source.timestampField, 'Timestamp', 'timestampField');
  const deleted = source.deletedColumn === undefined ? undefined : bind(source.deletedColumn, 'Bool', 'deletedColumn');
  if (event !== undefined) found.push({ column: event, rows, identifies: true, write: ((write) => (row: PushedRow, refuse: Refuse) => write(row.eventTimestampMicros, refuse))(instantWriter(event)) });
  if (deleted !== undefined) found.push({ column: deleted, rows, identifies: false, write: (row) => [encodeValue(row.deleted, 'varint')] });
  return found.filter((column) => column !== undefined);
}

function bound({ columns, native }: WriteSchema, name: string, type: ColumnType, table: string, path: string, problems: Problem[]): WriteColumn | undefined {
  const there = native.find((candidate) => candidate.name === name);
  const column = columns.find((candidate) => candidate.name === name);
  if (there === undefined) problems.push({ path, message: `table ${table} has no column "${name}".`, cure: suggestion(name, native.map((one) => one.name)) });
  else if (column === undefined || there.family === undefined || !converts(there.family, type)) problems.push({ path, message: `column "${name}" of ${table} is ${there.nativeType}, which does not become ${type} without loss.`, cure: 'Declare the type that the column has, or change the table.' });
  else return column;
  return undefined;
}
