import type { ColumnType } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { canonicalDecimal } from '../../domain/features/decimal.ts';
import { elementType } from '../../domain/features/value-types.ts';
import type { ScalarValue, ValueType } from '../../domain/features/value-types.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';
import type { WireType } from './column-types.ts';
import { POSTGRES_EPOCH_MICROS, exactInteger, float32 } from './copy-numbers.ts';

/** Reads `length` bytes at `at` as an element in canonical form. */
type ReadElement = (bytes: Buffer, at: number, length: number) => ScalarValue;

/**
 * A reader of PostgreSQL's binary arrays (array_send: dimensions, flags, element type, then size and lower bound of each dimension and the elements with their lengths) as canonical
 * elements. `place`: the column's name in messages. INVALID_DATA for an array with null elements or of several dimensions: Feast's lists have neither.
 */
export function arrayReader({ name, place, type, wire }: { readonly name: string; readonly place: string; readonly type: ColumnType; readonly wire: WireType }): (bytes: Buffer, offset: number) => readonly ScalarValue[] {
  const read = elementReader(place, type, wire);
  return (bytes, offset) => {
    const dimensions = bytes.readInt32BE(offset);
    if (dimensions === 0) return [];
    if (dimensions > 1) throw new PipelineError('INVALID_DATA', `Column ${place} holds an array of ${dimensions} dimensions; a list has one. Flatten it in the SQL that builds the table, or leave the feature out.`);
    const count = bytes.readInt32BE(offset + 12);
    const items = new Array<ScalarValue>(count);
    let at = offset + 20;
    for (let i = 0; i < count; i++) {
      const length = bytes.readInt32BE(at);
      if (length < 0) throw new PipelineError('INVALID_DATA', `Column ${place} holds an array with a null element (the ${i + 1}. of ${count}); lists have none. Remove it with array_remove(${name}, NULL), or replace it by a value.`);
      items[i] = read(bytes, at + 4, length);
      at += 4 + length;
    }
    return items;
  };
}

function elementReader(name: string, type: ColumnType, wire: WireType): ReadElement {
  const element = elementType(type as ValueType);
  switch (element) {
    case 'Bool': return (bytes, at) => bytes[at] !== 0;
    case 'Int32': return (bytes, at) => bytes.readInt32BE(at);
    case 'Int64': return (bytes, at) => bytes.readBigInt64BE(at);
    case 'Float64': return (bytes, at) => bytes.readDoubleBE(at);
    case 'Float32': return wire === 'float8[]' ? (bytes, at) => float32(bytes.readDoubleBE(at), name) : (bytes, at) => bytes.readFloatBE(at);
    case 'UnixTimestamp': return wire === 'timestamptz[]' ? (bytes, at) => Math.floor(exactInteger(viewOf(bytes), at, POSTGRES_EPOCH_MICROS, name) / MICROS_PER_SECOND) : (bytes, at) => wholeSeconds(bytes, at, name);
    case 'Bytes': return (bytes, at, length) => new Uint8Array(bytes.subarray(at, at + length));
    case 'Decimal': return (bytes, at, length) => canonicalDecimal(bytes.toString('latin1', at, at + length))!;
    case 'String': case 'Uuid': case 'Json': return (bytes, at, length) => bytes.toString('utf8', at, at + length);
    case undefined: throw new RangeError(`column ${name} of type ${type} holds no arrays`);
  }
}

/** The smallest number is "not a time", and so a null element. */
function wholeSeconds(bytes: Buffer, at: number, name: string): number {
  if (bytes.readBigInt64BE(at) === NOT_A_TIME) throw new PipelineError('INVALID_DATA', `Column ${name} holds an array with an element that is "not a time"; lists have no null elements. Remove it in the table.`);
  return exactInteger(viewOf(bytes), at, 0, name);
}

const NOT_A_TIME = -(2n ** 63n);

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
