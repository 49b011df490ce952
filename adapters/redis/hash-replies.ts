/**
 * Where the items of one hash are in the bytes that came: item `i` from `places[2 * i]`, `places[2 * i + 1]` bytes; from -1 where it is absent. Both are used again for the next hash, so that
 * whoever takes one copies what is to stay.
 */
export type TakeHash = (command: number, bytes: Buffer, places: Int32Array, count: number) => void;

export interface ReplySink {
  hash(bytes: Buffer, places: Int32Array, count: number): void;
  /** A command was refused; the line says why. */
  error(line: string): void;
}

const [ARRAY, BULK, ERROR, MINUS, RETURN] = [0x2a, 0x24, 0x2d, 0x2d, 0x0d];
const INCOMPLETE = -1;

/** Reads replies of HMGET and HGETALL in Redis' protocol (RESP2) without making an object for each value. `feed` throws a RangeError on bytes that are no such reply. */
export function createHashReplies(sink: ReplySink): { feed(chunk: Buffer): void } {
  let rest: Buffer | undefined;
  let places = new Int32Array(128);
  let at = 0;
  return {
    feed(chunk) {
      const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
      rest = undefined;
      for (let start = 0; start < bytes.length; start = at) {
        at = start;
        if (!takeReply(bytes)) {
          rest = bytes.subarray(start);
          return;
        }
      }
    },
  };

  /** false: the reply has not come as a whole. */
  function takeReply(bytes: Buffer): boolean {
    const kind = bytes[at++];
    if (kind === ERROR) {
      const end = bytes.indexOf('\r\n', at);
      if (end < 0) return false;
      const line = bytes.toString('utf8', at, end);
      at = end + 2;
      sink.error(line);
      return true;
    }
    if (kind !== ARRAY) throw new RangeError('the server answered with something else than a list');
    const count = takeLength(bytes);
    if (at === INCOMPLETE) return false;
    if (places.length < count * 2) places = new Int32Array(count * 2);
    for (let item = 0; item < count; item++) {
      if (at >= bytes.length) return false;
      if (bytes[at++] !== BULK) throw new RangeError('the server answered with something else than a list of bytes');
      const length = takeLength(bytes);
      if (at === INCOMPLETE) return false;
      places[item * 2] = length < 0 ? -1 : at;
      places[item * 2 + 1] = length;
      if (length >= 0) at += length + 2;
      if (at > bytes.length) return false;
    }
    sink.hash(bytes, places, count);
    return true;
  }

  /** The number up to the end of its line; `at` is then behind it, or INCOMPLETE. */
  function takeLength(bytes: Buffer): number {
    let value = 0;
    const negative = bytes[at] === MINUS;
    for (let index = negative ? at + 1 : at; index + 1 < bytes.length; index++) {
      const byte = bytes[index]!;
      if (byte === RETURN) {
        at = index + 2;
        return negative ? -value : value;
      }
      value = value * 10 + byte - 48;
    }
    at = INCOMPLETE;
    return 0;
  }
}
