import type { Column, RecordBatch } from '../../domain/data/columns.ts';
import { columnValue } from '../../domain/features/canonical.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { ByteWriter } from '../feast/codec/byte-writer.ts';
import { writeTimestamp } from '../feast/codec/timestamp.ts';
import { writeColumnValue } from '../feast/codec/value.ts';
import { SLOTS } from './key-slot.ts';
import { isNull, rowColumns } from './row-columns.ts';
import type { RowColumns } from './row-columns.ts';
import type { WireKeys } from './script.ts';
import type { RedisServers } from './servers.ts';
import type { ViewLayout } from './view-layout.ts';

/** Rows of one call of the write script. */
export interface PackedRows {
  readonly keys: WireKeys;
  /** The rows as the script reads them. */
  readonly rows: Buffer;
}

/** Bytes after which calls are sent though they have fewer rows than they may have. */
const MAX_TURN_BYTES = 1 << 18;

/** Spreads neighbouring slots over the servers of a cluster, each of which has a range of them. Odd, so that no two slots meet. */
const SLOT_STRIDE = 5003;

/**
 * The batch as calls of the script, made some at a time: at most `rowsPerTurn` rows, each call's rows of one slot (keys have no hash tags, so that in a cluster that is
 * mostly one row). Rows of one key stay in order. Throws INVALID_DATA, with all problems, before the first one. No object is made for a row: there would be millions.
 */
export function* packRows(view: FeatureViewSnapshot, layout: ViewLayout, batch: RecordBatch, rowsPerTurn: number, slotOf: RedisServers['slotOf']): Generator<PackedRows[], undefined> {
  const columns = rowColumns(view, batch);
  const keys = batchKeys(layout, columns, batch.rowCount);
  const slots = Uint16Array.from({ length: batch.rowCount }, (_, row) => (slotOf(keys.bytes, keys.ends[row], keys.ends[row + 1]) * SLOT_STRIDE) % SLOTS);
  const order = bySlot(slots);
  const [wire, writer] = [new ByteWriter(1 << 12), new ByteWriter(1 << 14)];
  let turn: PackedRows[] = [];
  let [callRows, turnRows, turnBytes] = [0, 0, 0];
  for (let at = 0; at < order.length; at++) {
    const row = order[at]!;
    writeKey(wire, keys, row);
    packRow(writer, columns, layout.featuresMark, row);
    callRows++;
    const full = turnRows + callRows >= rowsPerTurn || turnBytes + writer.length >= MAX_TURN_BYTES || at + 1 === order.length;
    if (!full && slots[order[at + 1]!] === slots[row]) continue;
    [turnRows, turnBytes] = [turnRows + callRows, turnBytes + writer.length];
    turn.push({ keys: { count: callRows, bytes: wire.take(), first: keys.bytes.subarray(keys.ends[row], keys.ends[row + 1]) }, rows: writer.take() });
    callRows = 0;
    if (!full) continue;
    yield turn;
    turn = [];
    [turnRows, turnBytes] = [0, 0];
  }
  return undefined;
}

/** Keys one after the other; that of a row is from `ends[row]` to before `ends[row + 1]`. */
interface BatchKeys {
  readonly bytes: Buffer;
  readonly ends: Uint32Array;
}

function batchKeys(layout: ViewLayout, { joinKeys }: RowColumns, rowCount: number): BatchKeys {
  const writer = new ByteWriter(1 << 16);
  const ends = new Uint32Array(rowCount + 1);
  const values = new Array<FeatureValue>(joinKeys.length);
  for (let row = 0; row < rowCount; row++) {
    for (let index = 0; index < joinKeys.length; index++) values[index] = columnValue(joinKeys[index]!, row);
    layout.writeKey(writer, values);
    ends[row + 1] = writer.length;
  }
  return { bytes: writer.take(), ends };
}

/** As an argument of Redis' protocol. */
function writeKey(wire: ByteWriter, { bytes, ends }: BatchKeys, row: number): void {
  const [start, end] = [ends[row]!, ends[row + 1]!];
  wire.raw(lengthLine(end - start));
  wire.part(bytes, start, end);
  wire.raw(LINE_END);
}

const LINE_END = Buffer.from('\r\n');
const LENGTH_LINES: Buffer[] = [];

/** `$` and the length. Those of keys, which have few lengths, are made once. */
function lengthLine(length: number): Buffer {
  const make = (): Buffer => Buffer.from(`$${length}\r\n`);
  return length < 1024 ? (LENGTH_LINES[length] ??= make()) : make();
}

/** Rows of one slot side by side, in the batch's order among themselves. */
function bySlot(slots: Uint16Array): Uint32Array {
  const order = Uint32Array.from(slots, (_, row) => row);
  return slots.every((slot) => slot === slots[0]) ? order : order.sort((a, b) => slots[a]! - slots[b]! || a - b);
}

function packRow(writer: ByteWriter, columns: RowColumns, featuresMark: number, row: number): void {
  const rowStart = writer.openUint32();
  const eventStart = writer.openUint32();
  writeTimestamp(writer, columns.eventTimestamp.values[row] as number);
  writer.closeUint32(eventStart);
  const createdStart = writer.openUint32();
  writeCreated(writer, columns, featuresMark, row);
  writer.closeUint32(createdStart);
  for (const column of columns.features) {
    const start = writer.openUint32();
    writeColumnValue(writer, column, row);
    writer.closeUint32(start);
  }
  writer.closeUint32(rowStart);
}

/** The created message: the event timestamp that it belongs to (field 1), the created timestamp where it is known (field 2), the mark of the features (field 3). */
function writeCreated(writer: ByteWriter, { eventTimestamp, createdTimestamp }: RowColumns, featuresMark: number, row: number): void {
  writeInstant(writer, 1, eventTimestamp, row);
  writeInstant(writer, 2, createdTimestamp, row);
  writer.byte((3 << 3) | 5);
  writer.uint32(featuresMark);
}

function writeInstant(writer: ByteWriter, field: number, column: Column, row: number): void {
  if (isNull(column, row)) return;
  writer.byte((field << 3) | 2);
  const start = writer.openByte(); // a timestamp has at most 17
  writeTimestamp(writer, column.values[row] as number);
  writer.closeByte(start);
}
