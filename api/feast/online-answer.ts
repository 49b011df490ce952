import { isWithinAge } from '../../domain/features/point-in-time.ts';
import { selectedName } from '../../domain/features/snapshot.ts';
import type { Micros } from '../../domain/instant.ts';
import type { OnlineColumns, OnlineReadRequest, OnlineStore } from '../../ports/online-store.ts';
import type { Definitions } from './definitions.ts';
import { readEntities, type EntityColumns } from './entity-columns.ts';
import { JsonBytes } from './json-bytes.ts';
import { computeTexts, type PlannedOnDemand } from './on-demand-read.ts';
import { planRead, type PlannedFeature, type PlannedRead, type ReadPlan } from './read-plan.ts';
import type { OnlineFeaturesBody } from './requests.ts';
import { NO_TIME } from './value-json.ts';

/** What one view says of the entities, ready for the answer. */
interface ViewColumns {
  /** undefined: the request lacks a join key of the view. */
  readonly columns: OnlineColumns | undefined;
  /** By row, whether what is there is older than the view's ttl, or later than the as-of instant; undefined where no row is. */
  readonly outside: readonly boolean[] | undefined;
  /** Where the first of the view's features has its statuses and event timestamps in the answer: those of the others are the same. */
  tail?: readonly [start: number, end: number];
}

/** Bytes of memory for each value with its status and event timestamp: enough for numbers and short texts. */
const BYTES_PER_VALUE = 68;

/**
 * The JSON body of an answer of `/get-online-features`, as Feast's feature server with a Redis store writes it: columns by feature, join keys first, every value PRESENT,
 * absent ones as null with the epoch for a time. One thing differs: a value outside the view's ttl is null, and OUTSIDE_MAX_AGE says so.
 */
export async function answerOnlineFeatures(definitions: Definitions, store: OnlineStore, body: OnlineFeaturesBody, asOf: Micros): Promise<Buffer> {
  const plan = planRead(definitions, body);
  const entities = readEntities(plan, body.entities);
  const views = await readViews(plan, store, entities, asOf);
  const { rowCount } = entities;
  const answer = new JsonBytes(1024 + plan.featureNames.length + rowCount * (plan.features.length + 1) * BYTES_PER_VALUE);
  answer.ascii('{"results":[');
  for (const { write } of entities.echo) writeUntimed(answer, rowCount, write);
  for (const feature of plan.features) writeFeature(answer, feature, views[feature.read]!, rowCount);
  for (const view of plan.onDemand) for (const texts of onDemandTexts(view, plan, { views, rowCount, request: body.entities, asOf })) writeUntimed(answer, rowCount, () => answer.json(texts.join(',')));
  answer.ascii('],"metadata":{"feature_names":[');
  for (const names of [entities.echo.map(({ name }) => JSON.stringify(name)).join(','), plan.featureNames]) writeNames(answer, names);
  answer.ascii(']');
  if (body.include_feature_view_version_metadata) answer.json(`,"feature_view_metadata":[${plan.viewMetadata}]`);
  answer.ascii('}}');
  return answer.bytes;
}

async function readViews({ reads }: ReadPlan, store: OnlineStore, entities: EntityColumns, asOf: Micros): Promise<readonly ViewColumns[]> {
  const keysOf = new Map<string, OnlineReadRequest['entityKeys']>();
  const asked: (OnlineReadRequest | undefined)[] = reads.map((read) => readRequest(read, entities, keysOf));
  const complete = asked.filter((request) => request !== undefined);
  const answers = complete.length === 0 ? [] : await store.readColumns(complete);
  let next = 0;
  return reads.map(({ view }, index) => {
    const columns = asked[index] === undefined ? undefined : answers[next++]!;
    return { columns, outside: columns === undefined ? undefined : rowsOutside(columns.eventTimestamps, view.ttlSeconds, asOf) };
  });
}

function rowsOutside(eventTimestamps: Float64Array, ttlSeconds: number | null, asOf: Micros): boolean[] | undefined {
  const isOutside = (micros: number): boolean => !Number.isNaN(micros) && !isWithinAge(ttlSeconds, micros, asOf);
  return eventTimestamps.some(isOutside) ? Array.from(eventTimestamps, isOutside) : undefined;
}

/** undefined when the request lacks one of several join keys: Feast answers null then. Views with the same key columns get the same list. */
function readRequest({ view, features, keyColumns }: PlannedRead, { values, rowCount }: EntityColumns, keysOf: Map<string, OnlineReadRequest['entityKeys']>): OnlineReadRequest | undefined {
  const id = keyColumns.join('\n');
  let entityKeys = keysOf.get(id);
  if (entityKeys === undefined) {
    const columns = keyColumns.map((column) => values.get(column));
    if (columns.includes(undefined)) return undefined;
    entityKeys = Array.from({ length: rowCount }, (_, row) => columns.map((column) => column![row]!));
    keysOf.set(id, entityKeys);
  }
  return { view, features, entityKeys };
}

interface OnDemandRows {
  readonly views: readonly ViewColumns[];
  readonly rowCount: number;
  readonly request: OnlineFeaturesBody['entities'];
  readonly asOf: Micros;
}

function onDemandTexts(view: PlannedOnDemand, { reads }: ReadPlan, { views, rowCount, request, asOf }: OnDemandRows): readonly (readonly string[])[] {
  return computeTexts(view, {
    rowCount,
    request,
    asOf,
    storedValue: ({ view: name, feature }, row) => {
      const read = reads.findIndex((candidate) => selectedName(candidate.view) === name);
      const { columns, outside } = views[read]!;
      return columns === undefined || outside?.[row] === true ? null : columns.value(row, reads[read]!.features.indexOf(feature));
    },
  });
}

/** A column without event timestamps: join keys, and what is computed. */
function writeUntimed(answer: JsonBytes, rowCount: number, write: (answer: JsonBytes) => void): void {
  answer.next();
  answer.ascii('{"values":[');
  write(answer);
  writeNoTimes(answer, rowCount);
}

function writeFeature(answer: JsonBytes, { place, write }: PlannedFeature, view: ViewColumns, rowCount: number): void {
  const { columns, outside } = view;
  if (columns === undefined) return writeUntimed(answer, rowCount, () => repeat(answer, 'null', rowCount));
  answer.next();
  answer.ascii('{"values":[');
  answer.column(write);
  for (let row = 0; row < rowCount; row++) {
    answer.next();
    if (outside?.[row] === true) answer.value(null);
    else columns.tell(row, place, answer);
  }
  if (view.tail !== undefined) return answer.again(...view.tail);
  const start = answer.length;
  writeTimes(answer, columns.eventTimestamps, outside);
  view.tail = [start, answer.length];
}

function writeNoTimes(answer: JsonBytes, rowCount: number): void {
  answer.ascii('],"statuses":[');
  repeat(answer, '"PRESENT"', rowCount);
  answer.ascii('],"event_timestamps":[');
  repeat(answer, NO_TIME, rowCount);
  answer.ascii(']}');
}

function repeat(answer: JsonBytes, text: string, count: number): void {
  if (count === 0) return;
  const start = answer.length;
  answer.ascii(text);
  answer.repeat(start, count);
}

function writeTimes(answer: JsonBytes, eventTimestamps: Float64Array, outside: readonly boolean[] | undefined): void {
  answer.ascii('],"statuses":[');
  if (outside === undefined) repeat(answer, '"PRESENT"', eventTimestamps.length);
  else answer.ascii(outside.map((old) => (old ? '"OUTSIDE_MAX_AGE"' : '"PRESENT"')).join(','));
  answer.ascii('],"event_timestamps":[');
  for (let row = 0, next = 0; row < eventTimestamps.length; row = next) {
    const micros = eventTimestamps[row]!;
    next = row + 1;
    while (next < eventTimestamps.length && eventTimestamps[next] === micros) next++; // rows of one materialization often have the same
    answer.next();
    const start = answer.length;
    if (Number.isNaN(micros)) answer.ascii(NO_TIME);
    else answer.time(micros);
    answer.repeat(start, next - row);
  }
  answer.ascii(']}');
}

function writeNames(answer: JsonBytes, names: string): void {
  if (names === '') return;
  answer.next();
  answer.json(names);
}
