import type { ColumnType } from '../../domain/data/columns.ts';
import { elementFamily } from './column-types.ts';
import type { ElementFamily, NativeFamily } from './column-types.ts';

/** Something to order rows by. */
export interface OrderTerm {
  readonly sql: string;
  /** NaN, which BigQuery puts before all numbers, belongs behind them. */
  readonly isFloat: boolean;
}

/**
 * ORDER BY terms, smaller first and missing last, NaN behind all numbers; or all the other way round. Written out, since BigQuery takes NULLS LAST with ascending order in some places
 * only (cloud.google.com/bigquery/docs/reference/standard-sql/window-function-calls).
 */
export function ascending({ sql, isFloat }: OrderTerm): string {
  return [`${sql} IS NULL`, ...(isFloat ? [`IFNULL(IS_NAN(${sql}), FALSE)`] : []), sql].join(', ');
}

export function descending({ sql, isFloat }: OrderTerm): string {
  return [`${sql} IS NOT NULL`, ...(isFloat ? [`NOT IFNULL(IS_NAN(${sql}), FALSE)`] : []), `${sql} DESC`].join(', ');
}

/**
 * The expression by which values are ordered: texts by code point, as BigQuery orders them; where the value is declared as a type that is text in canonical form (Decimal, Uuid), by
 * that text. BigQuery orders no arrays: a text stands for one that orders as its elements do, one after the other.
 */
export function comparable(family: NativeFamily, sql: string, declared: ColumnType): string {
  const element = elementFamily(family);
  if (element === undefined) return comparableScalar(family as ElementFamily, sql, declared);
  const item = declared.startsWith('Array(') ? declared.slice(6, -1) : declared;
  return `IF(${sql} IS NULL, NULL, (SELECT IFNULL(STRING_AGG(${sortableText(element, 'item', item)}, '' ORDER BY place), '') FROM UNNEST(${sql}) AS item WITH OFFSET AS place))`;
}

function comparableScalar(family: ElementFamily, sql: string, declared: string): string {
  if (family === 'json') return `TO_JSON_STRING(${sql})`;
  if (declared === 'Uuid') return `LOWER(${sql})`;
  return declared === 'Decimal' && family !== 'string' ? decimalText(sql) : sql;
}

/** The one text of a decimal (domain/features/decimal.ts): no zeros behind the last digit that says something. */
function decimalText(sql: string): string {
  const text = `CAST(${sql} AS STRING)`;
  return `IF(STRPOS(${text}, '.') > 0, RTRIM(RTRIM(${text}, '0'), '.'), ${text})`;
}

/** A text for an element, such that the texts of two lists, put together, order as the lists do. */
function sortableText(family: ElementFamily, sql: string, declared: string): string {
  switch (family) {
    case 'bool': return `IF(${sql}, '1', '0')`;
    case 'int64': return declared === 'Decimal' ? spelled(`CAST(${sql} AS STRING)`) : sortableInteger(sql);
    case 'float64': return sortableFloat(sql);
    case 'timestamp': return sortableInteger(`UNIX_MICROS(${sql})`);
    case 'datetime': case 'date': return sortableInteger(`UNIX_MICROS(TIMESTAMP(${sql}))`);
    case 'bytes': return `CONCAT(TO_HEX(${sql}), '!')`;
    case 'numeric': return declared === 'Decimal' ? spelled(decimalText(sql)) : sortableFloat(`CAST(${sql} AS FLOAT64)`);
    case 'string': case 'json': return spelled(comparableScalar(family, sql, declared));
  }
}

/** Code points of six hexadecimal digits, and a sign below them all: what ends first comes first. */
function spelled(text: string): string {
  return `CONCAT(IFNULL((SELECT STRING_AGG(FORMAT('%06x', point), '' ORDER BY nth) FROM UNNEST(TO_CODE_POINTS(${text})) AS point WITH OFFSET AS nth), ''), '!')`;
}

function sortableInteger(sql: string): string {
  return `IF(${sql} < 0, CONCAT('0', FORMAT('%019d', ${sql} + 9223372036854775807)), CONCAT('1', FORMAT('%019d', ${sql})))`;
}

/** 17 digits tell two doubles apart. The exponent, moved above zero, then the digits; of a negative number both complemented; -infinity before, infinity and NaN behind. */
function sortableFloat(sql: string): string {
  const text = `FORMAT('%.16e', ABS(${sql}))`;
  const exponent = `FORMAT('%03d', 400 + CAST(REGEXP_EXTRACT(${text}, r'e[+]?(-?[0-9]+)') AS INT64))`;
  const digits = `CONCAT(${exponent}, REPLACE(REGEXP_EXTRACT(${text}, r'^([0-9.]+)e'), '.', ''))`;
  return `CASE WHEN IS_NAN(${sql}) THEN '9' WHEN ${sql} = 0 THEN '5' WHEN IS_INF(${sql}) THEN IF(${sql} > 0, '8', '1') WHEN ${sql} > 0 THEN CONCAT('6', ${digits}) ELSE CONCAT('4', TRANSLATE(${digits}, '0123456789', '9876543210')) END`;
}
