import { createHash } from 'node:crypto';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import { elementType, type FeatureValue, type PrimitiveType, type ScalarValue, type ValueType } from '../../domain/features/value-types.ts';
import { formatInstant, type Micros } from '../../domain/instant.ts';
import type { PushedRow, PushedRows } from '../../domain/features/pushed-rows.ts';
import { isInstant, type NativeColumn } from './column-types.ts';
import { quoteIdentifier, quoteTable } from './pool.ts';
import { bindView } from './view-source.ts';

/** One table's part of a push: a line of COPY's text format per event. */
export interface TableRows {
  readonly table: string;
  /** `COPY <table> (<columns>) FROM STDIN`. */
  readonly copy: string;
  readonly lines: readonly PushedLine[];
}

export interface PushedLine {
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
  readonly text: (row: PushedRow) => string;
}

const NULL = '\\N';
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** What a push adds to one table: views that share it share its rows. INVALID_DEFINITION when a view does not fit the table. */
export function tableRows(views: readonly PushedRows[], columns: readonly NativeColumn[]): TableRows {
  const [first] = views as readonly [PushedRows, ...PushedRows[]];
  const { table } = first.view.source;
  const bound = views.map(({ view }) => bindView(view, columns));
  refuseProblems('INVALID_DEFINITION', `The rows do not fit table ${table}; nothing was written.`, bound.flatMap(({ problems }) => problems));
  const created = [...new Set(views.flatMap(({ view }) => view.source.createdTimestampColumn ?? []))].sort();
  const planned = new Map<string, { readonly column: PushColumn; readonly rows: readonly PushedRow[] }>();
  for (const { view, rows } of views) for (const column of viewColumns(view, columns)) if (!planned.has(column.name)) planned.set(column.name, { column, rows });
  const cells = [...planned.values()].filter(({ column }) => !created.includes(column.name)).sort((a, b) => (a.column.name < b.column.name ? -1 : 1));
  const naming = cells.flatMap(({ column }, index) => (column.identifies ? [index] : []));
  const names = cells.map(({ column }) => column.name);
  const [eventHead, valuesHead] = [`\0event ${table}\n${naming.map((index) => names[index]).join('\t')}\n`, `${table}\n${names.join('\t')}\n`]; // no table's name has a U+0000 in it
  return {
    table,
    copy: `COPY ${quoteTable(table)} (${[...names, ...created].map(quoteIdentifier).join(', ')}) FROM STDIN`,
    lines: first.rows.map((_, index) => {
      const texts = cells.map(({ column, rows }) => column.text(rows[index]!));
      const text = texts.join('\t');
      const values = digest(valuesHead + text);
      const createdMicros = views.map(({ rows }) => rows[index]!.createdTimestampMicros).find((micros) => micros !== null) ?? null;
      return {
        event: digest(eventHead + naming.map((cell) => texts[cell]).join('\t')),
        values,
        content: createdMicros === null ? values : digest(`\0created ${createdMicros}\n${valuesHead}${text}`),
        text: (micros) => `${text}${created.map(() => `\t${formatInstant(micros)}`).join('')}\n`,
        createdMicros,
      };
    }),
  };
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
    return { name: column, identifies, text: (row) => write(value(row)) };
  };
  return [
    ...joinKeys.map(({ name, type }, index) => valueColumn(name, type, true, ({ key }) => key[index]!)),
    ...features.map(({ name, type }, index) => valueColumn(name, type, false, ({ values }) => values[index]!)),
    { name: source.timestampField, identifies: true, text: ({ eventTimestampMicros }) => formatInstant(eventTimestampMicros) },
    ...(source.deletedColumn === undefined ? [] : [{ name: source.deletedColumn, identifies: false, text: ({ deleted }: PushedRow) => (deleted ? 't' : 'f') }]),
  ];
}

/** Text for a column: PostgreSQL converts it to the column's type, or refuses it. */
function cellWriter(type: ValueType, column: NativeColumn | undefined): (value: FeatureValue) => string {
  const element = elementType(type);
  const instants = type === 'UnixTimestamp' && isInstant(column?.family);
  if (element === undefined) return (value) => (value === null ? NULL : escapeText(instants ? formatInstant((value as number) * 1e6) : scalarText(type as PrimitiveType, value as ScalarValue)));
  const isJson = /^jsonb?$/.test(column?.nativeType ?? '');
  return (value) => {
    if (value === null) return NULL;
    const items = value as readonly ScalarValue[];
    return escapeText(isJson ? `[${items.map(jsonText).join(',')}]` : `{${items.map((item) => `"${scalarText(element, item).replace(/["\\]/g, '\\$&')}"`).join(',')}}`);
  };
}

/** An element of an array that is kept as JSON. */
function jsonText(item: ScalarValue): string {
  if (item instanceof Uint8Array) return `"${Buffer.from(item).toString('base64')}"`;
  return typeof item === 'bigint' ? String(item) : typeof item === 'number' && !Number.isFinite(item) ? `"${item}"` : JSON.stringify(item);
}

function scalarText(type: PrimitiveType, value: ScalarValue): string {
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (type === 'String' && (value as string).includes('\0')) throw new PipelineError('INVALID_DATA', 'A text holds the character U+0000, which PostgreSQL does not store; nothing was written.');
  return String(value);
}

function escapeText(text: string): string {
  return /[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => ESCAPES[character]!) : text;
}
