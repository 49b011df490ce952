/** Numbers distinct pairs of 32-bit integers 0, 1, 2, ... in the order in which they first come: a hash table of typed arrays, some 20 bytes a pair. */
export class PairTable {
  #lows: Int32Array = new Int32Array(1024);
  #highs: Int32Array = new Int32Array(1024);
  /** Number of the pair in each place, plus one; 0: free. Twice as many places as pairs at least. */
  #places: Int32Array = new Int32Array(2048);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return 4 * (this.#lows.length + this.#highs.length + this.#places.length);
  }

  /** The pair's number; a new one when it was not there. */
  add(low: number, high: number): number {
    const place = this.#place(low, high);
    const found = this.#places[place]! - 1;
    if (found >= 0) return found;
    const number = this.#size++;
    this.#lows[number] = low;
    this.#highs[number] = high;
    this.#places[place] = number + 1;
    if (this.#size === this.#lows.length) this.#grow();
    return number;
  }

  #place(low: number, high: number): number {
    const mask = this.#places.length - 1;
    let hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    for (let place = (hash ^ (hash >>> 13)) & mask; ; place = (place + 1) & mask) {
      const number = this.#places[place]! - 1;
      if (number < 0 || (this.#lows[number] === low && this.#highs[number] === high)) return place;
    }
  }

  #grow(): void {
    this.#lows = longer(this.#lows, 2 * this.#size);
    this.#highs = longer(this.#highs, 2 * this.#size);
    this.#places = new Int32Array(4 * this.#size);
    for (let number = 0; number < this.#size; number++) this.#places[this.#place(this.#lows[number]!, this.#highs[number]!)] = number + 1;
  }
}

function longer(values: Int32Array, length: number): Int32Array {
  const longer = new Int32Array(length);
  longer.set(values);
  return longer;
}
