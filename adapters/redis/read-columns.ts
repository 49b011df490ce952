import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import type { OnlineColumns, OnlineReadRequest } from '../../ports/online-store.ts';
import { featureFields } from './feature-fields.ts';
import { HashColumns, type HashFields, type ViewPart } from './hash-columns.ts';
import type { HashRead } from './hash-reader.ts';
import { createFieldPicker, type FieldPicker } from './pick-fields.ts';
import type { RedisServers } from './servers.ts';
import type { ViewLayout } from './view-layout.ts';

/** Requests for the same entities: their hashes are the same. */
interface Group {
  readonly first: OnlineReadRequest;
  readonly layouts: ViewLayout[];
  readonly names: Buffer[];
  readonly wires: Buffer[];
}

/** A group as it is read. */
interface GroupRead extends HashRead, HashFields {
  readonly bytes: Buffer[];
  readonly firstCommand: number;
  /** By row, the command of the group (from 0) that brings its hash. */
  readonly commandOf: Int32Array;
  /** undefined where the fields come as they were asked for. */
  readonly pick: FieldPicker | undefined;
}

/** Chosen by measurement: docs/adr/0014-online-store.md. */
const isCheaperWhole: TakesWhole = (wanted, fieldsInHash) => wanted >= 48 && wanted * 2 >= fieldsInHash;

/** Whether to ask for a whole hash instead of some of its fields; both give the same answer. */
export type TakesWhole = (wanted: number, fieldsInHash: number) => boolean;

/** Reads everything in one round trip: in it one command per key, shared by the views that are read of the same entities. */
export async function readColumns(servers: RedisServers, layoutOf: (view: FeatureViewSnapshot) => ViewLayout, requests: readonly OnlineReadRequest[], takesWhole: TakesWhole = isCheaperWhole): Promise<OnlineColumns[]> {
  const groups: Group[] = [];
  const parts = requests.map((request) => addPart(request, layoutOf(request.view), groups));
  const reads: GroupRead[] = [];
  for (const group of groups) reads.push(planRead(group, reads.at(-1), takesWhole(group.names.length, fieldsInHash(group.layouts))));
  await servers.readHashes(reads, (command, bytes, places, count) => keepHash(reads, command, bytes, places, count));
  return parts.map(({ group, part }) => {
    const read = reads[group]!;
    return new HashColumns(read, part, read.commandOf);
  });
}

function addPart(request: OnlineReadRequest, layout: ViewLayout, groups: Group[]): { readonly group: number; readonly part: ViewPart } {
  const { names, wire, tellers } = featureFields(layout, request); // an unknown feature is refused before anything is sent
  let index = groups.findIndex(({ first }) => sameEntities(first, request));
  if (index < 0) index = groups.push({ first: request, layouts: [], names: [], wires: [] }) - 1;
  const group = groups[index]!;
  const part = { request, tellers, first: group.names.length };
  group.layouts.push(layout);
  group.names.push(...names);
  group.wires.push(wire);
  return { group: index, part };
}

function sameEntities(one: OnlineReadRequest, other: OnlineReadRequest): boolean {
  const [keys, otherKeys] = [one.view.joinKeys, other.view.joinKeys];
  if (keys.length !== otherKeys.length || keys.some(({ name, type }, index) => name !== otherKeys[index]!.name || type !== otherKeys[index]!.type)) return false;
  const [rows, otherRows] = [one.entityKeys, other.entityKeys];
  return rows === otherRows || (rows.length === otherRows.length && rows.every((values, row) => values.every((value, index) => value === otherRows[row]![index])));
}

function planRead({ first: { entityKeys }, layouts, names, wires }: Group, before: GroupRead | undefined, whole: boolean): GroupRead {
  const { keys, commandOf } = distinctKeys(entityKeys, layouts[0]!);
  return {
    ...(whole ? { name: 'HGETALL', fields: [], wire: NOTHING } : { name: 'HMGET', fields: names, wire: Buffer.concat(wires) }),
    keys,
    commandOf,
    firstCommand: before === undefined ? 0 : before.firstCommand + before.keys.length,
    bytes: [],
    places: new Int32Array(keys.length * names.length * 2),
    fieldsPerHash: names.length,
    pick: whole ? createFieldPicker(names, (fields) => layouts.forEach((layout) => (layout.widestSeen = Math.max(layout.widestSeen, fields)))) : undefined,
  };
}

const NOTHING = Buffer.alloc(0);

/** An entity that is asked for twice is read once. */
function distinctKeys(entityKeys: OnlineReadRequest['entityKeys'], { encodeKey }: ViewLayout): Pick<GroupRead, 'keys' | 'commandOf'> {
  const keys: Buffer[] = [];
  const commands = new Map<FeatureValue, number>();
  const commandOf = new Int32Array(entityKeys.length);
  entityKeys.forEach((values, row) => {
    const [only] = values;
    const key = values.length === 1 && !(only instanceof Uint8Array) ? undefined : encodeKey(values);
    const name = key === undefined ? only! : key.toString('latin1');
    let command = commands.get(name);
    if (command === undefined) commands.set(name, (command = keys.push(key ?? encodeKey(values)) - 1));
    commandOf[row] = command;
  });
  return { keys, commandOf };
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

function keepHash(reads: readonly GroupRead[], command: number, bytes: Buffer, places: Int32Array, count: number): void {
  let index = reads.length - 1;
  while (reads[index]!.firstCommand > command) index--;
  const read = reads[index]!;
  const hash = command - read.firstCommand;
  const offset = hash * read.fieldsPerHash * 2;
  read.bytes[hash] = bytes;
  if (read.pick !== undefined) read.pick(bytes, places, count, read.places, offset);
  else for (let at = 0; at < count * 2; at++) read.places[offset + at] = places[at]!;
}
