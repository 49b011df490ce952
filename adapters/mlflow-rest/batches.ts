import type { ExperimentTracker, MetricPoint } from '../../ports/experiment-tracker.ts';

/** MLflow's limits of one `log-batch`: entries of each kind, of all kinds, and characters of JSON (escaped to ASCII, as MLflow counts them). */
const MOST = { params: 100, metrics: 1000, tags: 100 } as const;
const MOST_ENTRIES = 1000;
const MOST_CHARACTERS = 950_000; // of 1,000,000: the rest is for the run's id and what stands around the entries

export type EntryJson = { readonly key: string; readonly value: string };
/** A point as MLflow's REST API has it; with `model_id`, it is one of the model, too. */
export interface MetricJson {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
  readonly model_id?: string;
  readonly dataset_name?: string;
  readonly dataset_digest?: string;
}

export interface BatchJson {
  readonly params: EntryJson[];
  readonly metrics: MetricJson[];
  readonly tags: EntryJson[];
}

/** What is to be logged in as many calls as MLflow's limits ask for: params first, then metrics, then tags, each in its order; the same point twice is one. */
export function toBatches({ params, metrics, tags }: { readonly params: readonly EntryJson[]; readonly metrics: readonly MetricJson[]; readonly tags: readonly EntryJson[] }): BatchJson[] {
  const batches: BatchJson[] = [];
  let room = { entries: 0, characters: 0 };
  const add = <K extends keyof BatchJson>(kind: K, entry: BatchJson[K][number]): void => {
    const characters = asciiLength(JSON.stringify(entry)) + 2;
    const current = batches.at(-1);
    if (current === undefined || current[kind].length === MOST[kind] || room.entries === 0 || room.characters < characters) {
      batches.push({ params: [], metrics: [], tags: [] });
      room = { entries: MOST_ENTRIES, characters: MOST_CHARACTERS };
    }
    (batches.at(-1)?.[kind] as BatchJson[K][number][]).push(entry);
    room = { entries: room.entries - 1, characters: room.characters - characters };
  };
  for (const entry of params) add('params', entry);
  for (const point of new Map(metrics.map((metric) => [JSON.stringify(metric), metric])).values()) add('metrics', point);
  for (const entry of tags) add('tags', entry);
  return batches;
}

export function entriesJson(values: Readonly<Record<string, string>>): EntryJson[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

export function recordOf(entries: readonly { readonly key: string; readonly value?: string }[] | undefined): Record<string, string> {
  return Object.fromEntries((entries ?? []).map(({ key, value = '' }) => [key, value]));
}

export function metricJson(point: MetricPoint): MetricJson {
  return { key: point.key, value: point.value, timestamp: point.timestampMillis, step: point.step };
}

/** One batch of the port as entries of the API; values that are not finite are left out. */
export function batchJson({ params = {}, metrics = [], tags = {} }: Parameters<ExperimentTracker['logBatch']>[1]): BatchJson {
  return { params: entriesJson(params), metrics: metrics.filter((point) => Number.isFinite(point.value)).map(metricJson), tags: entriesJson(tags) };
}

/** Each half of a character outside ASCII takes six: \uXXXX. */
function asciiLength(json: string): number {
  let length = json.length;
  for (let index = 0; index < json.length; index += 1) if (json.charCodeAt(index) > 127) length += 5;
  return length;
}
