import { isArrayColumn } from '../../../domain/data/columns.ts';
import type { Column } from '../../../domain/data/columns.ts';
import { PipelineError } from '../../../domain/errors.ts';
import { canonicalDecimal } from '../../../domain/features/decimal.ts';
import { elementType } from '../../../domain/features/value-types.ts';
import type { FeatureValue, PrimitiveType, ScalarValue, ValueType } from '../../../domain/features/value-types.ts';
import { ByteWriter } from './byte-writer.ts';
import { feastNumber, feastTypeName, isOtherFeastType } from './field-numbers.ts';
import { ProtoReader } from './proto-reader.ts';

const WIRE_TYPES = { Bytes: 2, String: 2, Int32: 0, Int64: 0, Float64: 1, Float32: 5, Bool: 0, UnixTimestamp: 0, Decimal: 2, Uuid: 2, Json: 2 } as const satisfies Record<PrimitiveType, number>;
const LENGTH_DELIMITED = 2;
const NULL_FIELD_NUMBER = 19;
/** What pandas' "not a time" becomes when Feast writes it. */
const NOT_A_TIME = -(2n ** 63n);

/** The byte, or the number of two bytes, that a scalar begins with. */
export const TAGS = Object.fromEntries((Object.keys(WIRE_TYPES) as PrimitiveType[]).map((type) => [type, (feastNumber(type) << 3) | WIRE_TYPES[type]])) as Record<PrimitiveType, number>;

/** Writes a canonical value as a serialized feast.types.Value; null is the message without a field: no bytes at all. */
export function writeValue(writer: ByteWriter, type: ValueType, value: FeatureValue): void {
  if (value === null) return;
  const element = elementType(type);
  if (element === undefined) {
    writer.varint(TAGS[type as PrimitiveType]);
    writeScalar(writer, type as PrimitiveType, value as ScalarValue);
  } else {
    const list = listBody(element, value as readonly ScalarValue[]);
    writer.varint((feastNumber(type) << 3) | LENGTH_DELIMITED);
    writer.varint(list.length);
    writer.raw(list);
  }
}

/** `writeValue` of row `index` of a column, without making the value first. */
export function writeColumnValue(writer: ByteWriter, column: Column, index: number): void {
  if (column.nulls !== null && column.nulls[index] === 1) return;
  switch (column.type) {
    case 'Float64':
      writer.byte(TAGS.Float64);
      writer.float64(column.values[index] as number);
      return;
    case 'Float32':
      writer.byte(TAGS.Float32);
      writer.float32(column.values[index] as number);
      return;
    case 'Int32':
    case 'UnixTimestamp':
      writer.byte(TAGS[column.type]);
      writer.varint(column.values[index] as number);
      return;
    case 'Timestamp':
      throw new TypeError('a Timestamp column is not a feature');
    default:
      if (isArrayColumn(column)) return writeValue(writer, column.type, column.values[index] as readonly ScalarValue[]);
      writer.varint(TAGS[column.type]);
      writeScalar(writer, column.type, column.type === 'Bool' ? column.values[index] === 1 : (column.values[index] as ScalarValue));
  }
}

/**
 * The canonical value of a serialized feast.types.Value. No bytes, an explicit null and "not a time" are null.
 * Throws a RangeError when the bytes are damaged or hold a value of another type, and UNSUPPORTED when it is one of Feast's types that we do not have.
 */
export function readValue(type: ValueType, bytes: Uint8Array): FeatureValue {
  if (bytes.length === 0) return null;
  const element = elementType(type);
  const field = feastNumber(type);
  const wanted = (field << 3) | (element === undefined ? WIRE_TYPES[type as PrimitiveType] : LENGTH_DELIMITED);
  const reader = new ProtoReader(bytes);
  let value: FeatureValue = null;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === wanted) value = element === undefined ? readScalar(reader, type as PrimitiveType) : readList(reader.message(), element);
    else if (tag >>> 3 === NULL_FIELD_NUMBER) reader.skip(tag);
    else throw otherType(type, tag >>> 3);
  }
  return value;
}

function writeScalar(writer: ByteWriter, type: PrimitiveType, value: ScalarValue): void {
  switch (type) {
    case 'Bool':
      return writer.byte(value === true ? 1 : 0);
    case 'Int32':
    case 'UnixTimestamp':
      return writer.varint(value as number);
    case 'Int64':
      return writer.varint64(Number((value as bigint) & 0xffff_ffffn), Number(((value as bigint) >> 32n) & 0xffff_ffffn));
    case 'Float32':
      return writer.float32(value as number);
    case 'Float64':
      return writer.float64(value as number);
    case 'String':
    case 'Decimal':
    case 'Uuid':
    case 'Json':
      writer.varint(Buffer.byteLength(value as string, 'utf8'));
      return writer.utf8(value as string);
    case 'Bytes':
      writer.varint((value as Uint8Array).length);
      return writer.raw(value as Uint8Array);
  }
}

/** The message inside a list value: field 1, packed where the elements are numbers. */
function listBody(element: PrimitiveType, values: readonly ScalarValue[]): Uint8Array {
  if (values.length === 0) return new Uint8Array(0);
  const writer = new ByteWriter(256);
  const separate = WIRE_TYPES[element] === LENGTH_DELIMITED;
  for (const value of values) {
    if (separate) writer.byte((1 << 3) | LENGTH_DELIMITED);
    writeScalar(writer, element, value);
  }
  const elements = writer.take();
  if (separate) return elements;
  writer.byte((1 << 3) | LENGTH_DELIMITED);
  writer.varint(elements.length);
  writer.raw(elements);
  return writer.take();
}

function readScalar(reader: ProtoReader, type: PrimitiveType): ScalarValue | null {
  switch (type) {
    case 'Bool':
      return reader.int64() !== 0n;
    case 'Int32':
      return reader.int32();
    case 'Int64':
      return reader.int64();
    case 'UnixTimestamp': {
      const seconds = reader.int64();
      return seconds === NOT_A_TIME ? null : Number(seconds);
    }
    case 'Float32':
      return reader.float32();
    case 'Float64':
      return reader.float64();
    case 'String':
    case 'Json':
      return reader.text();
    case 'Decimal':
      return decimal(reader.text());
    case 'Uuid':
      return reader.text().toLowerCase();
    case 'Bytes':
      return reader.bytes();
  }
}

function readList(list: ProtoReader, element: PrimitiveType): readonly ScalarValue[] {
  const values: ScalarValue[] = [];
  const add = (reader: ProtoReader): void => {
    const value = readScalar(reader, element);
    if (value === null) throw new RangeError('an element is not a time, and elements are never null');
    values.push(value);
  };
  while (!list.done) {
    const tag = list.varint();
    if (tag === ((1 << 3) | WIRE_TYPES[element])) add(list);
    else if (tag === ((1 << 3) | LENGTH_DELIMITED)) for (const packed = list.message(); !packed.done; ) add(packed);
    else list.skip(tag);
  }
  return values;
}

/** Python writes a decimal as it was made: with an exponent, or zeros at its end. */
function decimal(text: string): string {
  const canonical = canonicalDecimal(text);
  if (canonical === undefined) throw new RangeError('a decimal is no number, or too long');
  return canonical;
}

function otherType(type: ValueType, field: number): Error {
  const found = `${feastTypeName(field)} (field ${field})`;
  if (!isOtherFeastType(field)) return new RangeError(`expected ${type} (field ${feastNumber(type)}), found ${found}`);
  return new PipelineError('UNSUPPORTED', `A stored value is of Feast's type ${found}, which cannot be read here; ${type} is declared. Serve it with Feast, or declare the feature as one of the types that docs/values.md lists and materialize it again.`);
}
