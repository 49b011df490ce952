import { PipelineError } from '../../domain/errors.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import type { OnlineColumns, OnlineReadRequest, ValueSink } from '../../ports/online-store.ts';
import { readTimestampAt } from '../feast/codec/timestamp.ts';
import { ValueHolder, type ValueTeller } from '../feast/codec/value-teller.ts';

/** The same fields of some hashes, in the bytes that came. */
export interface HashFields {
  /** By hash: the bytes that its places are in. */
  readonly bytes: readonly Buffer[];
  /** For each hash in turn, for each field: where its value begins (-1 where it is absent), and its length. */
  readonly places: Int32Array;
  readonly fieldsPerHash: number;
}

/** One view's part of the hashes: its event timestamp in field `first`, its features behind it. */
export interface ViewPart {
  readonly request: OnlineReadRequest;
  readonly tellers: readonly ValueTeller[];
  readonly first: number;
}

/** What a view has in hashes: values are read out of the bytes when they are asked for. */
export class HashColumns implements OnlineColumns {
  readonly eventTimestamps: Float64Array;
  readonly #bytes: readonly Buffer[];
  readonly #places: Int32Array;
  readonly #placesPerHash: number;
  readonly #tellers: readonly ValueTeller[];
  /** Place of the event timestamp in a hash. */
  readonly #first: number;
  readonly #hashOf: Int32Array;
  readonly #request: OnlineReadRequest;
  readonly #holder = new ValueHolder();

  /** `hashOf`: by row of the request the hash that it is in. INVALID_DATA where an event timestamp is none. */
  constructor({ bytes, places, fieldsPerHash }: HashFields, { request, tellers, first }: ViewPart, hashOf: Int32Array) {
    [this.#bytes, this.#places, this.#placesPerHash] = [bytes, places, fieldsPerHash * 2];
    [this.#request, this.#tellers, this.#first, this.#hashOf] = [request, tellers, first * 2, hashOf];
    this.eventTimestamps = new Float64Array(hashOf.length);
    for (let row = 0; row < hashOf.length; row++) this.eventTimestamps[row] = this.#timestamp(hashOf[row]!);
  }

  value(row: number, feature: number): FeatureValue {
    this.tell(row, feature, this.#holder);
    return this.#holder.held;
  }

  tell(row: number, feature: number, sink: ValueSink): void {
    const places = this.#places;
    const hash = this.#hashOf[row]!;
    const at = hash * this.#placesPerHash + this.#first;
    const place = at + 2 + feature * 2;
    if (places[at]! < 0 || places[place]! < 0) return sink.value(null);
    try {
      this.#tellers[feature]!(this.#bytes[hash]!, places[place]!, places[place + 1]!, sink);
    } catch (error) {
      throw this.#unreadable(this.#request.features[feature]!, error);
    }
  }

  #timestamp(hash: number): number {
    const at = hash * this.#placesPerHash + this.#first;
    const start = this.#places[at]!;
    if (start < 0) return Number.NaN;
    try {
      return readTimestampAt(this.#bytes[hash]!, start, this.#places[at + 1]!);
    } catch (error) {
      throw this.#unreadable('event timestamp', error);
    }
  }

  #unreadable(field: string, error: unknown): unknown {
    if (!(error instanceof RangeError)) return error;
    return new PipelineError('INVALID_DATA', `The online value of ${this.#request.view.name}:${field} cannot be read: ${error.message}. Materialize the view again, or correct its definition.`);
  }
}
