import { isWithinAge } from '../../domain/features/point-in-time.ts';
import { selectedName } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import type { Micros } from '../../domain/instant.ts';
import type { OnlineReadRequest, OnlineRow, OnlineStore } from '../../ports/online-store.ts';
import type { Definitions } from './definitions.ts';
import { readEntities, type EntityColumns } from './entity-columns.ts';
import { computeTexts, type PlannedOnDemand } from './on-demand-read.ts';
import { planRead, type PlannedFeature, type PlannedRead, type ReadPlan } from './read-plan.ts';
import type { OnlineFeaturesBody } from './requests.ts';
import { NO_TIME, timeJson } from './value-json.ts';

/** What one view's rows say, ready for the answer. */
interface ViewRows {
  /** undefined: the request lacks a join key of the view. */
  readonly rows: readonly OnlineRow[] | undefined;
  /** JSON text of each row's event timestamp. */
  readonly times: readonly string[];
  /** Whether the row is older than the view's ttl, or later than the as-of instant. */
  readonly outside: readonly boolean[];
}

/**
 * The JSON body of an answer of `/get-online-features`, as Feast's feature server with a Redis store writes it: columns by feature, join keys first, every value PRESENT,
 * absent ones as null with the epoch for a time. One thing differs: a value outside the view's ttl is null, and OUTSIDE_MAX_AGE says so.
 */
export async function answerOnlineFeatures(definitions: Definitions, store: OnlineStore, body: OnlineFeaturesBody, asOf: Micros): Promise<string> {
  const plan = planRead(definitions, body);
  const entities = readEntities(plan, body.entities);
  const rows = await readViews(plan, store, entities, asOf);
  const results = [...entities.echo.map(({ values }) => keyResult(values)), ...plan.features.map((feature) => featureResult(feature, rows[feature.read]!, entities.rowCount)), ...plan.onDemand.flatMap((view) => onDemandResults(view, plan, { rows, rowCount: entities.rowCount, request: body.entities, asOf }))];
  const names = entities.echo.map(({ name }) => JSON.stringify(name)).join(',');
  const metadata = `"feature_names":[${names}${names !== '' && plan.featureNames !== '' ? ',' : ''}${plan.featureNames}]`;
  return `{"results":[${results.join(',')}],"metadata":{${metadata}${body.include_feature_view_version_metadata ? `,"feature_view_metadata":[${plan.viewMetadata}]` : ''}}}`;
}

async function readViews({ reads }: ReadPlan, store: OnlineStore, entities: EntityColumns, asOf: Micros): Promise<readonly ViewRows[]> {
  const asked: (OnlineReadRequest | undefined)[] = reads.map((read) => readRequest(read, entities));
  const complete = asked.filter((request) => request !== undefined);
  const answers = complete.length === 0 ? [] : await store.read(complete);
  let next = 0;
  return reads.map(({ view }, index) => {
    const rows = asked[index] === undefined ? undefined : answers[next++];
    const times = rows?.map(({ eventTimestampMicros }) => (eventTimestampMicros === undefined ? NO_TIME : timeJson(eventTimestampMicros))) ?? [];
    const outside = rows?.map(({ eventTimestampMicros }) => eventTimestampMicros !== undefined && !isWithinAge(view.ttlSeconds, eventTimestampMicros, asOf)) ?? [];
    return { rows, times, outside };
  });
}

interface OnDemandRows {
  readonly rows: readonly ViewRows[];
  readonly rowCount: number;
  readonly request: OnlineFeaturesBody['entities'];
  readonly asOf: Micros;
}

function onDemandResults(view: PlannedOnDemand, { reads }: ReadPlan, { rows, rowCount, request, asOf }: OnDemandRows): string[] {
  const texts = computeTexts(view, {
    rowCount,
    request,
    asOf,
    storedValue: ({ view: name, feature }, row) => {
      const read = reads.findIndex((candidate) => selectedName(candidate.view) === name);
      const { rows: found, outside } = rows[read]!;
      return found === undefined || outside[row] === true ? null : (found[row]!.values[reads[read]!.features.indexOf(feature)] ?? null);
    },
  });
  return texts.map(keyResult);
}

/** undefined when the request lacks one of several join keys: Feast answers null then. */
function readRequest({ view, features, keyColumns }: PlannedRead, { values, rowCount }: EntityColumns): OnlineReadRequest | undefined {
  const columns = keyColumns.map((column) => values.get(column));
  if (columns.includes(undefined)) return undefined;
  const entityKeys: FeatureValue[][] = [];
  for (let row = 0; row < rowCount; row++) entityKeys.push(columns.map((column) => column![row]!));
  return { view, features, entityKeys };
}

/** Values without event timestamps: join keys, and what is computed. */
function keyResult(values: readonly string[]): string {
  return `{"values":[${values.join(',')}],"statuses":[${repeat('"PRESENT"', values.length)}],"event_timestamps":[${repeat(NO_TIME, values.length)}]}`;
}

function featureResult({ place, write }: PlannedFeature, { rows, times, outside }: ViewRows, rowCount: number): string {
  if (rows === undefined) return `{"values":[${repeat('null', rowCount)}],"statuses":[${repeat('"PRESENT"', rowCount)}],"event_timestamps":[${repeat(NO_TIME, rowCount)}]}`;
  let values = '';
  let statuses = '';
  for (let row = 0; row < rowCount; row++) {
    const comma = row === 0 ? '' : ',';
    const old = outside[row] === true;
    values += comma + (old ? 'null' : write(rows[row]!.values[place] ?? null));
    statuses += comma + (old ? '"OUTSIDE_MAX_AGE"' : '"PRESENT"');
  }
  return `{"values":[${values}],"statuses":[${statuses}],"event_timestamps":[${times.join(',')}]}`;
}

function repeat(text: string, count: number): string {
  return count === 1 ? text : new Array<string>(count).fill(text).join(',');
}
