import type { Column, ColumnSchema, RecordBatch } from '../../data/columns.ts';
import { columnOf } from '../../data/columns.ts';
import { PipelineError } from '../../errors.ts';
import { MICROS_PER_SECOND } from '../../instant.ts';
import { KeyNumbers, NO_ENTITY } from './key-numbers.ts';
import { NewestRows } from './newest-rows.ts';

/** One view's part of the merge. */
export interface ViewRows {
  /** For messages. */
  readonly name: string;
  readonly ttlSeconds: number | null;
  /** Columns of the spine that hold the join keys. */
  readonly spineKeys: readonly string[];
  /** The features wanted, in this order. */
  readonly features: readonly ColumnSchema[];
  /**
   * Rows of the source: join keys, event timestamp, created timestamp (for a view read as known; else left out), features. In the order in which they become visible: by event timestamp,
   * or by the later of both timestamps where there is a created one; of rows that tie in both the one to use comes last. Timestamps are never null.
   */
  readonly rows: AsyncIterator<RecordBatch>;
  readonly asKnown: boolean;
}

/** A batch of the source, ready to be merged. */
interface Arrived {
  readonly rowCount: number;
  readonly entities: Int32Array;
  readonly event: Float64Array;
  readonly created: Float64Array | undefined;
  readonly features: readonly Column[];
}

/** Merges one view's rows with a spine that comes batch by batch, in the order of its instants. */
export class ViewMerge {
  readonly #view: ViewRows;
  readonly #keys: KeyNumbers;
  readonly #newest: NewestRows;
  readonly #ttlMicros: number;
  #arrived: Arrived = { rowCount: 0, entities: new Int32Array(0), event: new Float64Array(0), created: undefined, features: [] };
  #position = 0;
  #ended = false;
  #visible = -Infinity;

  constructor(view: ViewRows) {
    this.#view = view;
    this.#keys = new KeyNumbers(view.spineKeys.length);
    this.#newest = new NewestRows(view.features);
    this.#ttlMicros = view.ttlSeconds === null ? Infinity : Math.round(view.ttlSeconds * MICROS_PER_SECOND);
  }

  /** Bytes that the view's entities and their newest rows take, about. */
  get bytes(): number {
    return this.#newest.bytes + this.#keys.bytes;
  }

  /** The view's features for a batch of the spine. */
  async join(spine: RecordBatch, asOf: Column & { readonly type: 'Timestamp' }): Promise<Column[]> {
    const slots = new Int32Array(spine.rowCount);
    const keys = this.#view.spineKeys.map((name) => columnOf(spine, name));
    const entities = this.#number(keys, spine.rowCount);
    for (let row = 0; row < spine.rowCount;) {
      row = this.#mergeUntilEmpty(asOf, entities, slots, row);
      if (row < spine.rowCount) await this.#nextBatch();
    }
    this.#newest.copy(this.#arrived.features);
    return this.#newest.take(slots);
  }

  /** Goes on with the spine from `row` on, until it ends or the batch of the source does; the row that it stands at then. */
  #mergeUntilEmpty(asOf: Column & { readonly type: 'Timestamp' }, spineEntities: Int32Array, slots: Int32Array, row: number): number {
    const { rowCount, entities, event, created } = this.#arrived;
    const newest = this.#newest;
    let position = this.#position;
    for (; row < slots.length; row++) {
      if (asOf.nulls !== null && asOf.nulls[row] === 1) {
        slots[row] = NO_ENTITY;
        continue;
      }
      const instant = asOf.values[row]!;
      for (; position < rowCount && event[position]! <= instant && (created === undefined || created[position]! <= instant); position++) {
        if (entities[position]! !== NO_ENTITY) newest.offer(position, entities[position]!, event[position]!, created === undefined ? 0 : created[position]!);
      }
      if (position === rowCount && !this.#ended) break;
      slots[row] = newest.slotOf(spineEntities[row]!, instant - this.#ttlMicros);
    }
    this.#position = position;
    return row;
  }

  async #nextBatch(): Promise<void> {
    this.#newest.copy(this.#arrived.features);
    const { value, done } = await this.#view.rows.next();
    this.#position = 0;
    this.#ended = done === true;
    this.#arrived = done === true ? { ...this.#arrived, rowCount: 0 } : this.#prepare(value);
  }

  #prepare({ columns, rowCount }: RecordBatch): Arrived {
    const width = this.#view.spineKeys.length;
    const features = columns.slice(width + (this.#view.asKnown ? 2 : 1));
    const event = columns[width]!.values as Float64Array;
    const created = this.#view.asKnown ? (columns[width + 1]!.values as Float64Array) : undefined;
    for (let row = 0; row < rowCount; row++) {
      const visible = created === undefined ? event[row]! : Math.max(event[row]!, created[row]!);
      if (visible < this.#visible) throw new PipelineError('INVALID_DATA', `The rows of feature view ${this.#view.name} do not come in the order of time.`);
      this.#visible = visible;
    }
    return { rowCount, entities: this.#number(columns.slice(0, width), rowCount), event, created, features };
  }

  #number(keys: readonly Column[], rowCount: number): Int32Array {
    const entities = this.#keys.numbers(keys, rowCount);
    this.#newest.reserve(this.#keys.size);
    return entities;
  }
}
