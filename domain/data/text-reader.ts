/** Texts of up to so many bytes are remembered, so many of a column. */
const LONGEST = 24;
const PLACES = 2048;

/**
 * Reads the texts of one column. Columns repeat themselves: a short text that came lately is given again, the same string, without decoding its bytes; to compare or look up one string twice is quick too.
 */
export class TextReader {
  readonly #texts: string[] = new Array<string>(PLACES).fill('');
  readonly #lengths = new Int8Array(PLACES).fill(-1);
  readonly #bytes = new Uint8Array(PLACES * LONGEST);

  read(bytes: Buffer, at: number, length: number): string {
    if (length > LONGEST) return bytes.toString('utf8', at, at + length);
    let hash = length;
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[at + i]!, 0x01000193);
    const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
    const kept = place * LONGEST;
    if (this.#lengths[place] === length) {
      let i = 0;
      while (i < length && this.#bytes[kept + i] === bytes[at + i]) i++;
      if (i === length) return this.#texts[place]!;
    }
    const text = bytes.toString('utf8', at, at + length);
    this.#texts[place] = text;
    this.#lengths[place] = length;
    for (let i = 0; i < length; i++) this.#bytes[kept + i] = bytes[at + i]!;
    return text;
  }
}
