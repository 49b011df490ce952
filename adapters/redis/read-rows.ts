import { PipelineError } from '../../domain/errors.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue, ValueType } from '../../domain/features/value-types.ts';
import type { OnlineReadRequest, OnlineRow } from '../../ports/online-store.ts';
import { readTimestamp } from '../feast/codec/timestamp.ts';
import { readValue } from '../feast/codec/value.ts';
import { featureTypes } from './feature-types.ts';
import { answered } from './servers.ts';
import type { RedisServers } from './servers.ts';
import type { ViewLayout } from './view-layout.ts';

/** One command: the fields that all requests want of one key. */
interface KeyRead {
  readonly key: Buffer;
  readonly fields: Buffer[];
  readonly layouts: Set<ViewLayout>;
}

/** Where the answer for one entity of one request is. */
interface Place {
  readonly command: number;
  /** Index of the timestamp; the features follow. */
  readonly first: number;
}

type HashValues = readonly (Buffer | null)[];

/** Chosen by measurement: docs/adr/0014-online-store.md. */
const isCheaperWhole: TakesWhole = (wanted, fieldsInHash) => wanted >= 48 && wanted * 2 >= fieldsInHash;

/** Whether to ask for a whole hash instead of some of its fields; both give the same answer. */
export type TakesWhole = (wanted: number, fieldsInHash: number) => boolean;

/** Reads everything in one round trip: one pipeline per server, in it one command per key, shared by the views that have the same entity key. */
export async function readRows(servers: RedisServers, layoutOf: (view: FeatureViewSnapshot) => ViewLayout, requests: readonly OnlineReadRequest[], takesWhole: TakesWhole = isCheaperWhole): Promise<OnlineRow[][]> {
  const reads: KeyRead[] = [];
  const places = planReads(requests, layoutOf, reads);
  const whole = reads.map(({ fields, layouts }) => takesWhole(fields.length, fieldsInHash(layouts)));
  const commands = reads.map(({ key, fields }, index) => (whole[index] === true ? { name: 'HGETALL', key, args: [key] } : { name: 'HMGET', key, args: [key, ...fields] }));
  const answers = answered(await servers.send(commands)).map((answer, index) => (whole[index] === true ? pickFields(answer as readonly Buffer[], reads[index] as KeyRead) : (answer as HashValues)));
  return requests.map((request, index) => {
    const types = featureTypes(request);
    return (places[index] as Place[]).map(({ command, first }) => decodeRow(request, types, answers[command] as HashValues, first));
  });
}

function planReads(requests: readonly OnlineReadRequest[], layoutOf: (view: FeatureViewSnapshot) => ViewLayout, reads: KeyRead[]): Place[][] {
  const commandOfKey = new Map<string, number>();
  return requests.map((request) => {
    featureTypes(request); // an unknown feature is refused before anything is sent
    const layout = layoutOf(request.view);
    const { encodeKey, fields: fieldKeys } = layout;
    const wanted = [fieldKeys.timestamp, ...request.features.map((name) => fieldKeys.feature(name))];
    return request.entityKeys.map((values) => {
      const key = encodeKey(values);
      const text = key.toString('latin1');
      let command = commandOfKey.get(text);
      if (command === undefined) {
        command = reads.push({ key, fields: [], layouts: new Set() }) - 1;
        commandOfKey.set(text, command);
      }
      const read = reads[command] as KeyRead;
      const { fields } = read;
      const first = fields.length;
      read.layouts.add(layout);
      fields.push(...wanted);
      return { command, first };
    });
  });
}

/** What is known of the width of a hash: the fields of the views that are asked for, and of all views in it once a whole hash was seen. */
function fieldsInHash(layouts: ReadonlySet<ViewLayout>): number {
  let [own, seen] = [0, 0];
  for (const layout of layouts) {
    own += layout.ownFields;
    seen = Math.max(seen, layout.widestSeen);
  }
  return Math.max(own, seen);
}

/** Names and values by turns, as HGETALL answers: the values of the wanted fields. */
function pickFields(answer: readonly Buffer[], { fields, layouts }: KeyRead): HashValues {
  for (const layout of layouts) layout.widestSeen = Math.max(layout.widestSeen, answer.length / 2);
  const values = new Map<string, Buffer>();
  for (let index = 0; index < answer.length; index += 2) values.set((answer[index] as Buffer).toString('latin1'), answer[index + 1] as Buffer);
  return fields.map((field) => values.get(field.toString('latin1')) ?? null);
}

function decodeRow({ view, features }: OnlineReadRequest, types: readonly ValueType[], answer: HashValues, first: number): OnlineRow {
  const timestamp = answer[first] ?? null;
  if (timestamp === null) return { eventTimestampMicros: undefined, values: features.map(() => null) };
  const decode = <T>(field: string, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new PipelineError('INVALID_DATA', `The online value of ${view.name}:${field} cannot be read: ${error.message}. Materialize the view again, or correct its definition.`);
    }
  };
  const values = types.map((type, index): FeatureValue => {
    const bytes = answer[first + 1 + index] ?? null;
    return bytes === null ? null : decode(features[index] as string, () => readValue(type, bytes));
  });
  return { eventTimestampMicros: decode('event timestamp', () => readTimestamp(timestamp)), values };
}
