import type { Column, ColumnSchema } from '../../data/columns.ts';
import { NO_ENTITY } from './key-numbers.ts';
import { slotColumn } from './slot-column.ts';
import type { SlotColumn } from './slot-column.ts';

const NOTHING = -1;
/** Event, created, when it was last given, entity -> slot, pending row and slot: in bytes per slot. */
const BOOKKEEPING_BYTES = 8 + 8 + 4 + 4 + 8;

/**
 * The newest row so far of each entity of a view. A row is copied into a slot; a slot that rows of the current batch of the spine refer to is left alone until these were taken,
 * so that one batch may see several rows of one entity. Memory follows the number of entities, not of rows.
 */
export class NewestRows {
  readonly #columns: readonly SlotColumn[];
  readonly bytesPerSlot: number;
  #slotOf: Int32Array = new Int32Array(0);
  #event: Float64Array = new Float64Array(0);
  #created: Float64Array = new Float64Array(0);
  /** The batch of the spine that last looked at the slot. */
  #givenIn: Int32Array = new Int32Array(0);
  #slots = 0;
  #batch = 1;
  #free: number[] = [];
  #retired: number[] = [];
  #pendingRows: Int32Array = new Int32Array(1024);
  #pendingSlots: Int32Array = new Int32Array(1024);
  #pending = 0;

  constructor(features: readonly ColumnSchema[]) {
    this.#columns = features.map(slotColumn);
    this.bytesPerSlot = this.#columns.reduce((sum, column) => sum + column.bytesPerSlot, BOOKKEEPING_BYTES);
  }

  /** Bytes that the rows take, about. */
  get bytes(): number {
    return this.#event.length * this.bytesPerSlot;
  }

  /** Room for so many entities. */
  reserve(entities: number): void {
    if (entities <= this.#slotOf.length) return;
    const longer = new Int32Array(2 * entities).fill(NOTHING);
    longer.set(this.#slotOf);
    this.#slotOf = longer;
  }

  /** Takes row `row` of the current batch of the source when it is not older than the entity's row so far: rows that tie come in order, the one to use last. */
  offer(row: number, entity: number, event: number, created: number): void {
    const held = this.#slotOf[entity]!;
    if (held !== NOTHING && (event < this.#event[held]! || (event === this.#event[held]! && created < this.#created[held]!))) return;
    const slot = held !== NOTHING && this.#givenIn[held] !== this.#batch ? held : this.#newSlot(held);
    this.#slotOf[entity] = slot;
    this.#event[slot] = event;
    this.#created[slot] = created;
    if (this.#pending === this.#pendingRows.length) [this.#pendingRows, this.#pendingSlots] = [doubled(this.#pendingRows), doubled(this.#pendingSlots)];
    this.#pendingRows[this.#pending] = row;
    this.#pendingSlots[this.#pending++] = slot;
  }

  /** Copies the rows taken from the current batch of the source: before another one comes, and before `take`. */
  copy(features: readonly Column[]): void {
    if (this.#pending === 0) return;
    this.#columns.forEach((column, i) => column.put(features[i]!, this.#pendingRows, this.#pendingSlots, this.#pending));
    this.#pending = 0;
  }

  /** The slot of the entity's row when its event timestamp is `oldest` or later, else -1. It holds that row until `take`. */
  slotOf(entity: number, oldest: number): number {
    if (entity === NO_ENTITY) return NOTHING;
    const slot = this.#slotOf[entity]!;
    if (slot === NOTHING || this.#event[slot]! < oldest) return NOTHING;
    this.#givenIn[slot] = this.#batch;
    return slot;
  }

  /** The features in the slots that `slotOf` gave, and the end of this batch of the spine. */
  take(slots: Int32Array): Column[] {
    this.#batch++;
    this.#free.push(...this.#retired);
    this.#retired = [];
    return this.#columns.map((column) => column.take(slots));
  }

  #newSlot(retired: number): number {
    if (retired !== NOTHING) this.#retired.push(retired);
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#slots === this.#event.length) this.#grow(Math.max(1024, 2 * this.#slots));
    return this.#slots++;
  }

  #grow(slots: number): void {
    const numbers = (values: Float64Array): Float64Array => { const longer = new Float64Array(slots); longer.set(values); return longer; };
    [this.#event, this.#created] = [numbers(this.#event), numbers(this.#created)];
    const givenIn = new Int32Array(slots);
    givenIn.set(this.#givenIn);
    this.#givenIn = givenIn;
    for (const column of this.#columns) column.grow(slots);
  }
}

function doubled(values: Int32Array): Int32Array {
  const longer = new Int32Array(2 * values.length);
  longer.set(values);
  return longer;
}
