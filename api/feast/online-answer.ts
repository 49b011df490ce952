import { isWithinAge } from '../../domain/features/point-in-time.ts';
import { selectedName } from '../../domain/features/snapshot.ts';
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
  /** JSON texts of the rows' event timestamps, separated by commas. */
  readonly times: string;
  /** Whether the row is older than the view's ttl, or later than the as-of instant; undefined where no row is. */
  readonly outside: readonly boolean[] | undefined;
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
  const keysOf = new Map<string, OnlineReadRequest['entityKeys']>();
  const asked: (OnlineReadRequest | undefined)[] = reads.map((read) => readRequest(read, entities, keysOf));
  const complete = asked.filter((request) => request !== undefined);
  const answers = complete.length === 0 ? [] : await store.read(complete);
  let next = 0;
  return reads.map(({ view }, index) => {
    const rows = asked[index] === undefined ? undefined : answers[next++];
    const times = rows === undefined ? '' : timeTexts(rows);
    const outside = rows?.map(({ eventTimestampMicros }) => eventTimestampMicros !== undefined && !isWithinAge(view.ttlSeconds, eventTimestampMicros, asOf));
    return { rows, times, outside: outside?.includes(true) === true ? outside : undefined };
  });
}

/** Rows of one materialization often have the same time. */
function timeTexts(rows: readonly OnlineRow[]): string {
  let [texts, last, text]: [string, Micros | undefined, string] = ['', undefined, NO_TIME];
  for (const { eventTimestampMicros } of rows) {
    if (eventTimestampMicros !== last) text = (last = eventTimestampMicros) === undefined ? NO_TIME : timeJson(last);
    texts += texts === '' ? text : `,${text}`;
  }
  return texts;
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
      return found === undefined || outside?.[row] === true ? null : (found[row]!.values[reads[read]!.features.indexOf(feature)] ?? null);
    },
  });
  return texts.map(keyResult);
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

/** Values without event timestamps: join keys, and what is computed. */
function keyResult(values: readonly string[]): string {
  return `{"values":[${values.join(',')}],"statuses":[${repeat('"PRESENT"', values.length)}],"event_timestamps":[${repeat(NO_TIME, values.length)}]}`;
}

function featureResult({ place, write }: PlannedFeature, { rows, times, outside }: ViewRows, rowCount: number): string {
  if (rows === undefined) return `{"values":[${repeat('null', rowCount)}],"statuses":[${repeat('"PRESENT"', rowCount)}],"event_timestamps":[${repeat(NO_TIME, rowCount)}]}`;
  let values = '';
  for (let row = 0; row < rowCount; row++) {
    const text = outside?.[row] === true ? 'null' : write(rows[row]!.values[place] ?? null);
    values += row === 0 ? text : `,${text}`;
  }
  const statuses = outside === undefined ? repeat('"PRESENT"', rowCount) : outside.map((old) => (old ? '"OUTSIDE_MAX_AGE"' : '"PRESENT"')).join(',');
  return `{"values":[${values}],"statuses":[${statuses}],"event_timestamps":[${times}]}`;
}

function repeat(text: string, count: number): string {
  return count === 1 ? text : `${`${text},`.repeat(count - 1)}${text}`;
}
