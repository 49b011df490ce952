import { elementType, type FeatureValue, type PrimitiveType, type ScalarValue, type ValueType } from '../../domain/features/value-types.ts';
import { hasFourDigitYear } from '../../domain/four-digit-year.ts';
import { formatInstant, MICROS_PER_SECOND } from '../../domain/instant.ts';
import { elementFamily, isInstant, type NativeColumn } from './column-types.ts';

/** Says why a value cannot be written: one sentence, without the value. */
export type Refuse = (why: string) => void;

const NULL = '\\N';
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** The escape of U+0000 in JSON text: an even number of backslashes before it. */
const JSON_ZERO = /(?<!\\)(?:\\\\)*\\u0000/;

/**
 * Writes a canonical value as text for a column, in COPY's text format: PostgreSQL converts it to the column's type, or refuses it. What is known beforehand not to fit is
 * refused here, and its text is then of no use: U+0000 in a text, its escape in a jsonb, instants that the column cannot give back.
 */
export function cellWriter(type: ValueType, column: NativeColumn | undefined): (value: FeatureValue, refuse: Refuse) => string {
  const element = elementType(type);
  if (element === undefined) {
    const text = scalarWriter(type as PrimitiveType, isInstant(column?.family), column);
    return (value, refuse) => (value === null ? NULL : escapeText(text(value as ScalarValue, refuse)));
  }
  const isInstants = column?.family !== undefined && isInstant(elementFamily(column.family));
  const text = scalarWriter(element, isInstants, column);
  return (value, refuse) => {
    if (value === null) return NULL;
    const items = value as readonly ScalarValue[];
    if (!isInstants || items.every((item) => Number.isSafeInteger((item as number) * MICROS_PER_SECOND))) return escapeText(`{${items.map((item) => `"${text(item, refuse).replace(/["\\]/g, '\\$&')}"`).join(',')}}`);
    refuse('a list of times in this column is read only within the years 1685 to 2255.');
    return NULL;
  };
}

function scalarWriter(type: PrimitiveType, isInstantColumn: boolean, column: NativeColumn | undefined): (value: ScalarValue, refuse: Refuse) => string {
  if (type === 'UnixTimestamp' && isInstantColumn) return (value, refuse) => instantText((value as number) * MICROS_PER_SECOND, refuse);
  const isBinaryJson = /^jsonb\b/.test(column?.nativeType ?? '');
  return (value, refuse) => {
    if (typeof value === 'boolean') return value ? 't' : 'f';
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
    if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
    if (type === 'String' && (value as string).includes('\0')) refuse('the text holds the character U+0000, which PostgreSQL does not store.');
    if (type === 'Json' && isBinaryJson && JSON_ZERO.test(value as string)) refuse('the JSON text holds the character U+0000 (\\u0000), which a jsonb column does not store; a json column does.');
    return String(value);
  };
}

function instantText(micros: number, refuse: Refuse): string {
  if (hasFourDigitYear(micros)) return formatInstant(micros);
  refuse('the time is not within the years 1 to 9999.');
  return NULL;
}

function escapeText(text: string): string {
  return /[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => ESCAPES[character]!) : text;
}
