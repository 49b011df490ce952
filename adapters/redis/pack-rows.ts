import type { RecordBatch } from '../../domain/data/columns.ts';
import { columnValue } from '../../domain/features/canonical.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import { ByteWriter } from '../feast/codec/byte-writer.ts';
import { writeTimestamp } from '../feast/codec/timestamp.ts';
import { writeColumnValue } from '../feast/codec/value.ts';
import { SLOTS } from './key-slot.ts';
import { isNull, rowColumns } from './row-columns.ts';
import type { RowColumns } from './row-columns.ts';
import type { ViewLayout } from './view-layout.ts';

/** Rows of one call of the write script. */
export interface PackedRows {
  readonly keys: readonly Buffer[];
  /** The rows as the script reads them. */
  readonly rows: Buffer;
}

interface KeyedRow {
  readonly row: number;
  readonly key: Buffer;
  readonly slot: number;
}

/** Bytes after which calls are sent though they have fewer rows than they may have. */
const MAX_TURN_BYTES = 1 << 18;

/** Spreads neighbouring slots over the servers of a cluster, each of which has a range of them. Odd, so that no two slots meet. */
const SLOT_STRIDE = 5003;

/**
 * The batch as calls of the script, made some at a time: at most `rowsPerTurn` rows, each call's rows of one slot (keys have no hash tags, so that in a cluster that is
 * mostly one row). Rows of one key stay in order. Throws INVALID_DATA, with all problems, before the first one.
 */
export function* packRows(view: FeatureViewSnapshot, layout: ViewLayout, batch: RecordBatch, rowsPerTurn: number, slotOf: (key: Buffer) => number): Generator<PackedRows[], undefined> {
  const columns = rowColumns(view, batch);
  const writer = new ByteWriter(1 << 14);
  const scratch = new ByteWriter(64);
  const rows = bySlot(Array.from({ length: batch.rowCount }, (_, row) => keyedRow(layout, columns, row, slotOf)));
  let turn: PackedRows[] = [];
  let keys: Buffer[] = [];
  let [turnRows, turnBytes] = [0, 0];
  for (const [at, { row, key, slot }] of rows.entries()) {
    keys.push(key);
    packRow(writer, scratch, columns, layout.featuresMark, row);
    const full = turnRows + keys.length >= rowsPerTurn || turnBytes + writer.length >= MAX_TURN_BYTES || at + 1 === rows.length;
    if (!full && rows[at + 1]?.slot === slot) continue;
    [turnRows, turnBytes] = [turnRows + keys.length, turnBytes + writer.length];
    turn.push({ keys, rows: writer.take() });
    keys = [];
    if (!full) continue;
    yield turn;
    turn = [];
    [turnRows, turnBytes] = [0, 0];
  }
  return undefined;
}

function keyedRow(layout: ViewLayout, columns: RowColumns, row: number, slotOf: (key: Buffer) => number): KeyedRow {
  const key = layout.encodeKey(columns.joinKeys.map((column) => columnValue(column, row)));
  return { row, key, slot: (slotOf(key) * SLOT_STRIDE) % SLOTS };
}

/** Rows of one slot side by side, in the batch's order among themselves. */
function bySlot(rows: KeyedRow[]): readonly KeyedRow[] {
  return rows.every(({ slot }) => slot === rows[0]?.slot) ? rows : rows.sort((a, b) => a.slot - b.slot || a.row - b.row);
}

function packRow(writer: ByteWriter, scratch: ByteWriter, columns: RowColumns, featuresMark: number, row: number): void {
  const rowStart = writer.openUint32();
  const eventStart = writer.openUint32();
  writeTimestamp(writer, columns.eventTimestamp.values[row] as number);
  writer.closeUint32(eventStart);
  const createdStart = writer.openUint32();
  writeCreated(writer, scratch, columns, featuresMark, row);
  writer.closeUint32(createdStart);
  for (const column of columns.features) {
    const start = writer.openUint32();
    writeColumnValue(writer, column, row);
    writer.closeUint32(start);
  }
  writer.closeUint32(rowStart);
}

/** The created message: the event timestamp that it belongs to (field 1), the created timestamp where it is known (field 2), the mark of the features (field 3). */
function writeCreated(writer: ByteWriter, scratch: ByteWriter, { eventTimestamp, createdTimestamp }: RowColumns, featuresMark: number, row: number): void {
  for (const [field, column] of [[1, eventTimestamp], [2, createdTimestamp]] as const) {
    if (isNull(column, row)) continue;
    writeTimestamp(scratch, column.values[row] as number);
    writer.byte((field << 3) | 2);
    writer.byte(scratch.length); // at most 17
    writer.raw(scratch.take());
  }
  writer.byte((3 << 3) | 5);
  writer.uint32(featuresMark);
}
