import { formatInstant, type Micros } from '../../domain/instant.ts';
import type { BoundQuery } from '../../ports/warehouse.ts';
import type { SqlDialect, SqlTypeName } from './dialect.ts';
import { createSqlScanner } from './sql-scanner.ts';

export type TemplateValue = number | string | boolean;

/** Keywords and signs after which SQL wants a name, where a value would be refused by the warehouse or, worse, mean nothing. */
const BEFORE_NAMES = ['FROM', 'JOIN', 'INTO', 'TABLE', 'UPDATE', 'AS', 'BY', '.'];

/** Stands in the text for a value until the text is complete. parse.ts refuses templates that hold it. */
export const MARK = '\u0001';
const MARKER = /\u0001(\d+)\u0001/g;

/** The query being written: its text, and the values that its placeholders stand for. */
export interface SqlWriter {
  /** A placeholder with its type; equal values share one. */
  bind(value: TemplateValue): string;
  bindInstant(instant: Micros): string;
  /** Adds the template's own text. */
  text(sql: string): void;
  /** Why a tag's result cannot stand here; undefined when it can. */
  objection(isValue: boolean): string | undefined;
  finish(): BoundQuery;
}

export function createSqlWriter(dialect: SqlDialect): SqlWriter {
  const scanner = createSqlScanner(dialect.backslashEscapes);
  const bound: TemplateValue[] = [];
  const markers = new Map<string, string>();
  let sql = '';

  const bindAs = (value: TemplateValue, type: SqlTypeName): string => {
    const key = JSON.stringify([type, value]);
    const marker = markers.get(key) ?? `CAST(${MARK}${bound.push(value) - 1}${MARK} AS ${dialect.types[type]})`;
    markers.set(key, marker);
    return marker;
  };

  return {
    bind: (value) => bindAs(value, typeOf(value)),
    bindInstant: (instant) => bindAs(formatInstant(instant), 'timestamp'),
    text(part) {
      scanner.read(part);
      sql += part;
    },
    objection: (isValue) => objection(scanner.place(), scanner.lastToken(), isValue),
    finish: () => numbered(dialect, sql.trim(), bound),
  };
}

/** Placeholders get their numbers last, in the order of the text: a value that was bound and then not written must have none. */
function numbered(dialect: SqlDialect, sql: string, bound: readonly TemplateValue[]): BoundQuery {
  const order: string[] = [];
  const text = sql.replaceAll(MARKER, (_, index: string) => dialect.placeholder((order.includes(index) ? order.indexOf(index) : order.push(index) - 1) + 1));
  return { sql: text, values: order.map((index) => bound[Number(index)]!) };
}

function typeOf(value: TemplateValue): SqlTypeName {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'string';
  return Number.isSafeInteger(value) ? 'bigint' : 'float';
}

function objection(place: string, token: string, isValue: boolean): string | undefined {
  if (place === 'string') return 'stands inside quotes: leave the quotes out, a value brings its own type';
  if (place === 'name') return 'stands inside a quoted name: a name cannot come from a tag';
  if (place === 'comment') return 'stands inside an SQL comment: write {# ... #} around what is no SQL';
  if (isValue && BEFORE_NAMES.includes(token)) return `stands after ${token}, where SQL wants a name: a value cannot be a name`;
  return undefined;
}
