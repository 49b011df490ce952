/** Slots that a Redis Cluster spreads its keys over. */
export const SLOTS = 16_384;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 8;
  for (let bit = 0; bit < 8; bit++) value = (value & 0x8000) === 0 ? value << 1 : (value << 1) ^ 0x1021;
  return value & 0xffff;
});

/** The slot of a key, which is the bytes from `first` to before `last`, by the Redis Cluster specification: CRC16 (XMODEM) of the key modulo 16384; of the part between the first `{` and the next `}` where that is not empty. */
export function keySlot(key: Uint8Array, first = 0, last = key.length): number {
  let [start, end] = [first, last];
  const open = placeOf(0x7b, key, first, last);
  const close = placeOf(0x7d, key, open + 1, last);
  if (close < last && close > open + 1) [start, end] = [open + 1, close];
  let crc = 0;
  for (let at = start; at < end; at++) crc = ((crc << 8) & 0xffff) ^ (TABLE[((crc >> 8) ^ (key[at] as number)) & 255] as number);
  return crc % SLOTS;
}

/** Where the byte is first, from `start` to before `end`; `end` where it is not. */
function placeOf(byte: number, bytes: Uint8Array, start: number, end: number): number {
  let at = Math.min(start, end);
  while (at < end && bytes[at] !== byte) at++;
  return at;
}
