import { createHash } from 'node:crypto';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import { elementType, type FeatureValue, type PrimitiveType, type ScalarValue, type ValueType } from '../../domain/features/value-types.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { PushedRow, PushedRows } from '../../domain/features/pushed-rows.ts';
import { isInstant, type NativeColumn } from './column-types.ts';
import { quoteIdentifier, quoteTable } from './pool.ts';
import { bindView } from './view-source.ts';

/** One table's part of a push: a line of COPY's text format per event. */
export interface TableRows {
  readonly table: string;
  /** `COPY <table> (<columns>) FROM STDIN`. */
  readonly copy: string;
  readonly lines: readonly { readonly text: string; readonly digest: Buffer; readonly createdMicros: number | null }[];
}

/** How a cell of a row becomes text for one column of the table. */
interface PushColumn {
  readonly name: string;
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
  const planned = new Map<string, { readonly column: PushColumn; readonly rows: readonly PushedRow[] }>();
  for (const { view, rows } of views) for (const column of viewColumns(view, columns)) if (!planned.has(column.name)) planned.set(column.name, { column, rows });
  const created = first.view.source.createdTimestampColumn;
  const cells = [...planned.values()].sort((a, b) => (a.column.name < b.column.name ? -1 : 1));
  const content = cells.filter(({ column }) => column.name !== created);
  const copied = created === undefined ? content : [...content, planned.get(created)!];
  return {
    table,
    copy: `COPY ${quoteTable(table)} (${copied.map(({ column }) => quoteIdentifier(column.name)).join(', ')}) FROM STDIN`,
    lines: first.rows.map((row, index) => {
      const text = content.map(({ column, rows }) => column.text(rows[index]!)).join('\t');
      const digest = createHash('sha256').update(`${table}\n${content.map(({ column }) => column.name).join('\t')}\n${text}`).digest().subarray(0, 16);
      const createdText = created === undefined ? '' : `\t${planned.get(created)!.column.text(row)}`;
      return { text: `${text}${createdText}\n`, digest, createdMicros: row.createdTimestampMicros };
    }),
  };
}

function viewColumns(view: PushedRows['view'], native: readonly NativeColumn[]): PushColumn[] {
  const { source, joinKeys, features } = view;
  const columnOf = new Map(Object.entries(source.fieldMapping ?? {}).map(([column, name]) => [name, column]));
  const valueColumn = (name: string, type: ValueType, value: (row: PushedRow) => FeatureValue): PushColumn => {
    const column = columnOf.get(name) ?? name;
    const write = cellWriter(type, native.find((candidate) => candidate.name === column));
    return { name: column, text: (row) => write(value(row)) };
  };
  const instantColumn = (name: string, micros: (row: PushedRow) => number | null): PushColumn => ({ name, text: (row) => instantText(micros(row)) });
  return [
    ...joinKeys.map(({ name, type }, index) => valueColumn(name, type, ({ key }) => key[index]!)),
    ...features.map(({ name, type }, index) => valueColumn(name, type, ({ values }) => values[index]!)),
    instantColumn(source.timestampField, ({ eventTimestampMicros }) => eventTimestampMicros),
    ...(source.createdTimestampColumn === undefined ? [] : [instantColumn(source.createdTimestampColumn, ({ createdTimestampMicros }) => createdTimestampMicros)]),
    ...(source.deletedColumn === undefined ? [] : [{ name: source.deletedColumn, text: ({ deleted }: PushedRow) => (deleted ? 't' : 'f') }]),
  ];
}

/** Text for a column: PostgreSQL converts it to the column's type, or refuses it. */
function cellWriter(type: ValueType, column: NativeColumn | undefined): (value: FeatureValue) => string {
  const element = elementType(type);
  const instants = type === 'UnixTimestamp' && isInstant(column?.family);
  if (element === undefined) return (value) => (value === null ? NULL : escapeText(instants ? instantText((value as number) * 1e6) : scalarText(type as PrimitiveType, value as ScalarValue)));
  const isJson = column?.nativeType.startsWith('json') === true;
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

function instantText(micros: number | null): string {
  return micros === null ? NULL : formatInstant(micros);
}

function escapeText(text: string): string {
  return /[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => ESCAPES[character]!) : text;
}
