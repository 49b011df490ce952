import { PipelineError } from '../../domain/errors.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue, ValueType } from '../../domain/features/value-types.ts';
import type { OnlineReadRequest, OnlineRow } from '../../ports/online-store.ts';
import { readTimestampAt } from '../feast/codec/timestamp.ts';
import { readValueAt } from '../feast/codec/value.ts';
import { featureTypes } from './feature-types.ts';
import { wireFields, type HashRead } from './hash-reader.ts';
import type { RedisServers } from './servers.ts';
import type { ViewLayout } from './view-layout.ts';

/** What one request takes of each hash of its group. */
interface Part {
  readonly request: OnlineReadRequest;
  readonly types: readonly ValueType[];
  /** Index of the timestamp among the fields; the features follow. */
  readonly first: number;
  /** One for each command of the group. */
  readonly rows: OnlineRow[];
}

/** Requests for the same entities: their hashes are the same. */
interface Group {
  readonly layouts: ViewLayout[];
  readonly entityKeys: OnlineReadRequest['entityKeys'];
  readonly fields: Buffer[];
  readonly parts: Part[];
  /** Its first command, and the command (from 0) of each entity. */
  firstCommand: number;
  commandOf: readonly number[];
}

/** Chosen by measurement: docs/adr/0014-online-store.md. */
const isCheaperWhole: TakesWhole = (wanted, fieldsInHash) => wanted >= 48 && wanted * 2 >= fieldsInHash;

/** Whether to ask for a whole hash instead of some of its fields; both give the same answer. */
export type TakesWhole = (wanted: number, fieldsInHash: number) => boolean;

/** Reads everything in one round trip: in it one command per key, shared by the views that are read of the same entities. Values are read out of the bytes that came, without a copy of each. */
export async function readRows(servers: RedisServers, layoutOf: (view: FeatureViewSnapshot) => ViewLayout, requests: readonly OnlineReadRequest[], takesWhole: TakesWhole = isCheaperWhole): Promise<OnlineRow[][]> {
  const groups: Group[] = [];
  const found = requests.map((request) => planPart(request, layoutOf(request.view), groups));
  const reads: HashRead[] = [];
  const groupOf: Group[] = [];
  for (const group of groups) {
    addReads(group, reads, takesWhole(group.fields.length, fieldsInHash(group.layouts)));
    while (groupOf.length < reads.length) groupOf.push(group);
  }
  await servers.readHashes(reads, (command, bytes, places, count) => {
    const group = groupOf[command]!;
    const picked = reads[command]!.name === 'HMGET' ? places : pickFields(group, bytes, places, count);
    for (const part of group.parts) part.rows[command - group.firstCommand] = decodeRow(part, bytes, picked);
  });
  return found.map(({ group, part }) => group.commandOf.map((command) => part.rows[command]!));
}

function planPart(request: OnlineReadRequest, layout: ViewLayout, groups: Group[]): { readonly group: Group; readonly part: Part } {
  const types = featureTypes(request); // an unknown feature is refused before anything is sent
  let group = groups.find((candidate) => sameEntities(candidate.parts[0]!.request, request));
  if (group === undefined) groups.push((group = { layouts: [], entityKeys: request.entityKeys, fields: [], parts: [], firstCommand: 0, commandOf: [] }));
  const part: Part = { request, types, first: group.fields.length, rows: [] };
  group.fields.push(layout.fields.timestamp);
  for (const name of request.features) group.fields.push(layout.fields.feature(name));
  group.layouts.push(layout);
  group.parts.push(part);
  return { group, part };
}

function sameEntities(one: OnlineReadRequest, other: OnlineReadRequest): boolean {
  const [keys, otherKeys] = [one.view.joinKeys, other.view.joinKeys];
  if (keys.length !== otherKeys.length || keys.some(({ name, type }, index) => name !== otherKeys[index]!.name || type !== otherKeys[index]!.type)) return false;
  const [rows, otherRows] = [one.entityKeys, other.entityKeys];
  return rows === otherRows || (rows.length === otherRows.length && rows.every((values, row) => values.every((value, index) => value === otherRows[row]![index])));
}

/** An entity that is asked for twice is read once. */
function addReads(group: Group, reads: HashRead[], whole: boolean): void {
  const { fields, entityKeys, layouts } = group;
  const wanted = whole ? [] : fields;
  const wire = wireFields(wanted);
  const commands = new Map<string, number>();
  group.firstCommand = reads.length;
  group.commandOf = entityKeys.map((values) => {
    const key = layouts[0]!.encodeKey(values);
    const text = key.toString('latin1');
    let command = commands.get(text);
    if (command === undefined) {
      command = reads.push({ key, name: whole ? 'HGETALL' : 'HMGET', fields: wanted, wire }) - 1 - group.firstCommand;
      commands.set(text, command);
    }
    return command;
  });
}

/** What is known of the width of a hash: the fields of the views that are asked for, and of all views in it once a whole hash was seen. */
function fieldsInHash(layouts: readonly ViewLayout[]): number {
  let [own, seen] = [0, 0];
  for (const layout of new Set(layouts)) {
    own += layout.ownFields;
    seen = Math.max(seen, layout.widestSeen);
  }
  return Math.max(own, seen);
}

/** Of names and values by turns, as HGETALL answers, the places of the wanted values. */
function pickFields({ fields, layouts }: Group, bytes: Buffer, places: Int32Array, count: number): Int32Array {
  for (const layout of layouts) layout.widestSeen = Math.max(layout.widestSeen, count / 2);
  const itemOf = new Map<string, number>();
  for (let item = 0; item < count; item += 2) itemOf.set(bytes.toString('latin1', places[item * 2]!, places[item * 2]! + places[item * 2 + 1]!), item + 1);
  const picked = new Int32Array(fields.length * 2).fill(-1);
  fields.forEach((field, index) => {
    const item = itemOf.get(field.toString('latin1'));
    if (item !== undefined) picked.set(places.subarray(item * 2, item * 2 + 2), index * 2);
  });
  return picked;
}

function decodeRow({ request, types, first }: Part, bytes: Buffer, places: Int32Array): OnlineRow {
  const start = places[first * 2]!;
  const values = new Array<FeatureValue>(types.length).fill(null);
  if (start < 0) return { eventTimestampMicros: undefined, values };
  let index = -1;
  try {
    const eventTimestampMicros = readTimestampAt(bytes, start, places[first * 2 + 1]!);
    for (index = 0; index < types.length; index++) {
      const place = (first + 1 + index) * 2;
      if (places[place]! >= 0) values[index] = readValueAt(types[index]!, bytes, places[place]!, places[place + 1]!);
    }
    return { eventTimestampMicros, values };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const field = index < 0 ? 'event timestamp' : request.features[index]!;
    throw new PipelineError('INVALID_DATA', `The online value of ${request.view.name}:${field} cannot be read: ${error.message}. Materialize the view again, or correct its definition.`);
  }
}
