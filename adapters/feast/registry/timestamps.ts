import { create } from '@bufbuild/protobuf';
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import { type Micros, MICROS_PER_SECOND } from '../../../domain/instant.ts';

export function toTimestamp(micros: Micros): Timestamp {
  const seconds = Math.floor(micros / MICROS_PER_SECOND);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (micros - seconds * MICROS_PER_SECOND) * 1000 });
}

/** Absent is the epoch; fractions of a microsecond are dropped. */
export function fromTimestamp(timestamp: Timestamp | undefined): Micros {
  return timestamp === undefined ? 0 : Number(timestamp.seconds) * MICROS_PER_SECOND + Math.floor(timestamp.nanos / 1000);
}
