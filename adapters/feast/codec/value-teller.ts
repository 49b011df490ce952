import type { FeatureValue, PrimitiveType, ValueType } from '../../../domain/features/value-types.ts';
import type { ValueSink } from '../../../ports/online-store.ts';
import { readValue, TAGS } from './value.ts';

/** Gives a sink the value of the `length` bytes from `start`, where they are: `readValue` without an object for each. */
export type ValueTeller = (bytes: Buffer, start: number, length: number, sink: ValueSink) => void;

/** Tells what is between a tag and the end; false where it is written in an unusual way. */
type UsualTeller = (bytes: Buffer, at: number, end: number, sink: ValueSink) => boolean;

/** How values of a type are told. Those that are asked for most are read here as they are usually written; all else is `readValue`'s, with its errors. */
export function valueTeller(type: ValueType): ValueTeller {
  const tag: number | undefined = TAGS[type as PrimitiveType]; // undefined for arrays
  const tellUsual = USUAL[type];
  return (bytes, start, length, sink) => {
    if (length > 1 && bytes[start] === tag && tellUsual !== undefined && tellUsual(bytes, start + 1, start + length, sink)) return;
    sink.value(length === 0 ? null : readValue(type, bytes.subarray(start, start + length)));
  };
}

const USUAL: Partial<Record<ValueType, UsualTeller>> = {
  Float64(bytes, at, end, sink) {
    if (end - at !== 8) return false;
    sink.float(bytes.readDoubleLE(at));
    return true;
  },
  Float32(bytes, at, end, sink) {
    if (end - at !== 4) return false;
    sink.float(bytes.readFloatLE(at));
    return true;
  },
  Int64(bytes, at, end, sink) {
    const value = shortVarint(bytes, at, end);
    if (value >= 0) sink.int64(value);
    return value >= 0;
  },
  Int32: (bytes, at, end, sink) => tellWhole(shortVarint(bytes, at, end), 2 ** 31, sink),
  UnixTimestamp: (bytes, at, end, sink) => tellWhole(shortVarint(bytes, at, end), 2 ** 53, sink),
  Bool(bytes, at, end, sink) {
    if (end - at !== 1 || bytes[at]! > 127) return false;
    sink.value(bytes[at] !== 0);
    return true;
  },
  String(bytes, at, end, sink) {
    if (bytes[at] !== end - at - 1 || end - at > 128) return false;
    sink.text(bytes, at + 1, end);
    return true;
  },
};

function tellWhole(value: number, limit: number, sink: ValueSink): boolean {
  const isUsual = value >= 0 && value < limit;
  if (isUsual) sink.value(value);
  return isUsual;
}

/** A varint of at most seven bytes that ends with the bytes; -1 where it is none. */
function shortVarint(bytes: Buffer, start: number, end: number): number {
  if (end - start > 7) return -1;
  let value = 0;
  for (let at = start, scale = 1; at < end; at++, scale *= 128) {
    const byte = bytes[at]!;
    value += (byte & 127) * scale;
    if (byte < 128) return at === end - 1 ? value : -1;
  }
  return -1;
}

/** Keeps the value that it was told last. */
export class ValueHolder implements ValueSink {
  held: FeatureValue = null;

  value(value: FeatureValue): void {
    this.held = value;
  }

  float(value: number): void {
    this.held = value;
  }

  int64(value: number): void {
    this.held = BigInt(value);
  }

  text(bytes: Buffer, start: number, end: number): void {
    this.held = bytes.toString('utf8', start, end);
  }
}
