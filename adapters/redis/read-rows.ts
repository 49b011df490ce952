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

/** One HMGET: the fields that all requests want of one key. */
interface KeyRead {
  readonly key: Buffer;
  readonly fields: Buffer[];
}

/** Where the answer for one entity of one request is. */
interface Place {
  readonly command: number;
  /** Index of the timestamp; the features follow. */
  readonly first: number;
}

type HashValues = readonly (Buffer | null)[];

/** Reads everything in one round trip: one pipeline, in it one HMGET per key, shared by the views that have the same entity key. */
export async function readRows(servers: RedisServers, layoutOf: (view: FeatureViewSnapshot) => ViewLayout, requests: readonly OnlineReadRequest[]): Promise<OnlineRow[][]> {
  const reads: KeyRead[] = [];
  const places = planReads(requests, layoutOf, reads);
  const answers = answered(await servers.send(reads.map(({ key, fields }) => ({ name: 'HMGET', key, args: [key, ...fields] }))));
  return requests.map((request, index) => {
    const types = featureTypes(request);
    return (places[index] as Place[]).map(({ command, first }) => decodeRow(request, types, answers[command] as HashValues, first));
  });
}

function planReads(requests: readonly OnlineReadRequest[], layoutOf: (view: FeatureViewSnapshot) => ViewLayout, reads: KeyRead[]): Place[][] {
  const commandOfKey = new Map<string, number>();
  return requests.map((request) => {
    featureTypes(request); // an unknown feature is refused before anything is sent
    const { encodeKey, fields: fieldKeys } = layoutOf(request.view);
    const wanted = [fieldKeys.timestamp, ...request.features.map((name) => fieldKeys.feature(name))];
    return request.entityKeys.map((values) => {
      const key = encodeKey(values);
      const text = key.toString('latin1');
      let command = commandOfKey.get(text);
      if (command === undefined) {
        command = reads.push({ key, fields: [] }) - 1;
        commandOfKey.set(text, command);
      }
      const { fields } = reads[command] as KeyRead;
      const first = fields.length;
      fields.push(...wanted);
      return { command, first };
    });
  });
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
