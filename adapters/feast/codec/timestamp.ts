import { MICROS_PER_SECOND } from '../../../domain/instant.ts';
import type { Micros } from '../../../domain/instant.ts';
import type { ByteWriter } from './byte-writer.ts';
import { ProtoReader } from './proto-reader.ts';

const SECONDS_TAG = (1 << 3) | 0;
const NANOS_TAG = (2 << 3) | 0;

/** Writes a serialized google.protobuf.Timestamp: seconds rounded down, nanos the rest; zero parts are left out, as protobuf does. */
export function writeTimestamp(writer: ByteWriter, micros: Micros): void {
  const seconds = Math.floor(micros / MICROS_PER_SECOND);
  const nanos = (micros - seconds * MICROS_PER_SECOND) * 1000;
  if (seconds !== 0) {
    writer.byte(SECONDS_TAG);
    writer.varint(seconds);
  }
  if (nanos !== 0) {
    writer.byte(NANOS_TAG);
    writer.varint(nanos);
  }
}

/** The instant of a serialized google.protobuf.Timestamp; what is finer than a microsecond is dropped. Throws a RangeError on bytes that are none. */
export function readTimestamp(bytes: Uint8Array): Micros {
  const reader = new ProtoReader(bytes);
  let seconds = 0;
  let nanos = 0;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === SECONDS_TAG) seconds = Number(reader.int64());
    else if (tag === NANOS_TAG) nanos = reader.int32();
    else reader.skip(tag);
  }
  return seconds * MICROS_PER_SECOND + Math.floor(nanos / 1000);
}

/** `readTimestamp` of a part of the bytes, without a reader where it is written as usual: seconds, then perhaps nanos. */
export function readTimestampAt(bytes: Buffer, start: number, length: number): Micros {
  const end = start + length;
  let at = start;
  const parts = [0, 0];
  for (let part = 0; part < 2 && at < end; part++) {
    if (bytes[at] !== (part === 0 ? SECONDS_TAG : NANOS_TAG)) break;
    let scale = 1;
    let byte: number;
    do {
      if (++at >= end || scale > 2 ** 42) return readTimestamp(bytes.subarray(start, end));
      byte = bytes[at]!;
      parts[part]! += (byte & 127) * scale;
      scale *= 128;
    } while (byte > 127);
    at++;
  }
  return at === end ? parts[0]! * MICROS_PER_SECOND + Math.floor(parts[1]! / 1000) : readTimestamp(bytes.subarray(start, end));
}
