import type { FeatureValue } from './value-types.ts';

/** Join key values as text: equal for equal keys, and for no others of the same view. */
export function keyText(keys: readonly FeatureValue[]): string {
  return JSON.stringify(keys.map((key) => (typeof key === 'bigint' ? String(key) : key instanceof Uint8Array ? [...key] : key)));
}

/** 64 bits of the text, well spread: two numbers below 2^32. Another `seed` gives another, independent hash. */
export function hashText(text: string, seed = 0): readonly [number, number] {
  let [a, b] = [0x9e3779b1 ^ seed, 0x85ebca77 ^ Math.imul(seed, 0x27d4eb2f)];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul((b << 13 | b >>> 19) + unit, 0xc2b2ae3d);
  }
  return [spread(a ^ (b >>> 7)), spread(b ^ Math.imul(a, 0x165667b1))];
}

function spread(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Remembers millions of keys at 12 to 24 bytes each, by their hashes: of ten million keys, one that was not added is taken for one that was in a trillion looks. */
export class KeySet {
  #slots: Uint32Array;
  #size = 0;

  /** `expected`: about how many will be added; more only cost time. */
  constructor(expected: number) {
    this.#slots = new Uint32Array(2 * 2 ** Math.ceil(Math.log2(Math.max(16, expected * 1.5))));
  }

  get size(): number {
    return this.#size;
  }

  add(hash: readonly [number, number]): void {
    if (this.#size * 3 >= this.#slots.length) this.#grow(); // two thirds full
    const at = this.#find(hash);
    if (this.#isEmpty(at)) this.#size++;
    this.#slots[at] = hash[0];
    this.#slots[at + 1] = hash[1] || 1; // 0, 0 stands for an empty slot
  }

  has(hash: readonly [number, number]): boolean {
    return !this.#isEmpty(this.#find(hash));
  }

  /** The slot that holds the hash, or the empty one where it belongs. */
  #find([high, low]: readonly [number, number]): number {
    const mask = this.#slots.length - 1;
    let at = (low * 2) & mask & ~1;
    while (!this.#isEmpty(at) && (this.#slots[at] !== high || this.#slots[at + 1] !== (low || 1))) at = (at + 2) & mask;
    return at;
  }

  #isEmpty(at: number): boolean {
    return this.#slots[at] === 0 && this.#slots[at + 1] === 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] === 0 && old[at + 1] === 0) continue;
      const slot = this.#find([old[at]!, old[at + 1]!]);
      this.#slots[slot] = old[at]!;
      this.#slots[slot + 1] = old[at + 1]!;
    }
  }
}
