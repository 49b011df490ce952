import { PipelineError } from '../../../domain/errors.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import { parseInstant } from '../../../domain/instant.ts';
import type { OnlineColumns, OnlineReadRequest, OnlineRow } from '../../../ports/online-store.ts';
import { columnsOf } from '../columns-to-rows.ts';
import { featureTypes } from '../feature-types.ts';
import { answered } from '../servers.ts';
import type { RedisServers } from '../servers.ts';
import type { KeyNames } from './key-names.ts';
import { valueOfText } from './text-value.ts';

/** Implements OnlineStore.readColumns: one pipeline, in it one MGET per row, so that a row is read as it was written. */
export async function readReadableColumns(servers: RedisServers, namesOf: (view: FeatureViewSnapshot) => KeyNames, requests: readonly OnlineReadRequest[]): Promise<OnlineColumns[]> {
  const commands = requests.flatMap((request) => {
    featureTypes(request); // an unknown feature is refused before anything is sent
    const names = namesOf(request.view);
    return request.entityKeys.map((values) => {
      const id = names.id(values);
      const keys = [names.eventTimestamp(id), ...request.features.map((feature) => names.feature(feature, id))].map((key) => Buffer.from(key));
      return { name: 'MGET', key: keys[0] as Buffer, args: keys };
    });
  });
  const answers = answered(await servers.send(commands));
  let next = 0;
  return requests.map((request) => columnsOf(request.entityKeys.map(() => readRow(request, answers[next++] as readonly (Buffer | null)[]))));
}

function readRow(request: OnlineReadRequest, [event = null, ...texts]: readonly (Buffer | null)[]): OnlineRow {
  const { view, features } = request;
  if (event === null) return { eventTimestampMicros: undefined, values: features.map(() => null) };
  const eventTimestampMicros = parseInstant(event.toString('utf8'));
  if (eventTimestampMicros === undefined) throw unreadable(view, 'event timestamp', 'it is no time');
  const types = featureTypes(request);
  const values = texts.map((text, index): FeatureValue => {
    try {
      return text === null ? null : valueOfText(types[index]!, text.toString('utf8'));
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      throw unreadable(view, features[index] as string, error.message);
    }
  });
  return { eventTimestampMicros, values };
}

function unreadable(view: FeatureViewSnapshot, field: string, reason: string): PipelineError {
  return new PipelineError('INVALID_DATA', `The online value of ${view.name}:${field} cannot be read: ${reason}. Materialize the view again, or correct its definition.`);
}
