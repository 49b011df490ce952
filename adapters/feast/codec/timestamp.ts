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
