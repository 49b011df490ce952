/**
 * Where the items of one hash are in the bytes that came: item `i` from `places[2 * i]`, `places[2 * i + 1]` bytes; from -1 where it is absent. The bytes stay as they are; the places are used
 * again for the next hash, so that whoever takes one copies what is to stay.
 */
export type TakeHash = (command: number, bytes: Buffer, places: Int32Array, count: number) => void;

export interface ReplySink {
  hash(bytes: Buffer, places: Int32Array, count: number): void;
  /** A command was refused; the line says why. */
  error(line: string): void;
}

const [ARRAY, BULK, ERROR, MINUS, RETURN, ZERO] = [0x2a, 0x24, 0x2d, 0x2d, 0x0d, 0x30];
const INCOMPLETE = -1;
/** Of what comes after the beginning of a reply so much is put behind it at first: most replies are shorter, and need no copy of all that came. */
const FIRST_PART = 4096;

/** Reads replies of HMGET and HGETALL in Redis' protocol (RESP2) without making an object for each value. `feed` throws a RangeError on bytes that are no such reply. */
export function createHashReplies(sink: ReplySink): { feed(chunk: Buffer): void } {
  let rest: Buffer | undefined;
  let places = new Int32Array(128);
  return {
    feed(chunk) {
      let at = rest === undefined ? 0 : takeCutReply(rest, chunk);
      while (at < chunk.length) {
        const end = takeReply(chunk, at);
        if (end === INCOMPLETE) {
          rest = chunk.subarray(at);
          return;
        }
        at = end;
      }
    },
  };

  /** Takes the reply that began in `begun`; where the chunk goes on, or its end where the reply does not end in it either. */
  function takeCutReply(begun: Buffer, chunk: Buffer): number {
    for (let part = FIRST_PART; ; part *= 4) {
      const bytes = Buffer.concat([begun, part < chunk.length ? chunk.subarray(0, part) : chunk]);
      const end = takeReply(bytes, 0);
      rest = end === INCOMPLETE ? bytes : undefined;
      if (end !== INCOMPLETE) return end - begun.length;
      if (part >= chunk.length) return chunk.length;
    }
  }

  /** Where the reply from `at` ends; INCOMPLETE where it has not come as a whole. */
  function takeReply(bytes: Buffer, at: number): number {
    if (bytes[at] === ERROR) return takeError(bytes, at + 1);
    if (bytes[at] !== ARRAY) throw new RangeError('the server answered with something else than a list');
    let next = lineEnd(bytes, at + 1);
    if (next === INCOMPLETE) return INCOMPLETE;
    const count = numberIn(bytes, at + 1, next);
    if (places.length < count * 2) places = new Int32Array(count * 2);
    const found = places;
    for (let item = 0; item < count * 2; item += 2) {
      if (next >= bytes.length) return INCOMPLETE;
      if (bytes[next] !== BULK) throw new RangeError('the server answered with something else than a list of bytes');
      const digit = bytes[next + 1]! - ZERO;
      let length = digit;
      if (digit >= 0 && digit <= 9 && bytes[next + 2] === RETURN) next += 4;
      else {
        const start = next + 1;
        next = lineEnd(bytes, start);
        if (next === INCOMPLETE) return INCOMPLETE;
        length = numberIn(bytes, start, next);
      }
      found[item] = length < 0 ? -1 : next;
      found[item + 1] = length;
      if (length >= 0) next += length + 2;
      if (next > bytes.length) return INCOMPLETE;
    }
    sink.hash(bytes, found, count);
    return next;
  }

  function takeError(bytes: Buffer, at: number): number {
    const end = lineEnd(bytes, at);
    if (end !== INCOMPLETE) sink.error(bytes.toString('utf8', at, end - 2));
    return end;
  }
}

/** Behind the line from `start`; INCOMPLETE where its end has not come. */
function lineEnd(bytes: Buffer, start: number): number {
  for (let at = start; at + 1 < bytes.length; at++) if (bytes[at] === RETURN) return at + 2;
  return INCOMPLETE;
}

/** The whole number of a line. */
function numberIn(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  const negative = bytes[start] === MINUS;
  for (let at = negative ? start + 1 : start; at < end - 2; at++) value = value * 10 + bytes[at]! - ZERO;
  return negative ? -value : value;
}
