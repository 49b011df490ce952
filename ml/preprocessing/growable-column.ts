/** A float32 array that grows by doubling. */
export class GrowableColumn {
  #values = new Float32Array(1024);
  #length = 0;

  append(values: Float32Array): void {
    const length = this.#length + values.length;
    if (length > this.#values.length) {
      const grown = new Float32Array(Math.max(length, 2 * this.#values.length));
      grown.set(this.#values.subarray(0, this.#length));
      this.#values = grown;
    }
    this.#values.set(values, this.#length);
    this.#length = length;
  }

  /** What was appended, in order; a view that may be written to. */
  get values(): Float32Array {
    return this.#values.subarray(0, this.#length);
  }
}
