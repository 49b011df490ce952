import { join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import type { MetricPoint } from '../../ports/experiment-tracker.ts';
import { readTextIfThere } from './meta-yaml.ts';
import type { Store } from './store.ts';

/** One point as a line of a metric file: `timestamp_ms value step`, and what follows (for a logged model: run id, data set name and digest). */
export function metricLine(point: MetricPoint, rest: readonly string[] = []): string {
  return `${[point.timestampMillis, point.value, point.step, ...rest].join(' ')}\n`;
}

/** The points of a metric file in its order. Lines of 2 (no step), 3, 5 or 6 fields, as MLflow's versions write them. INVALID_DATA names file and line. */
export function parseMetricFile(text: string, key: string, file: string): MetricPoint[] {
  const points: MetricPoint[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const [timestamp = '', value = '', step = '0'] = line.trim().split(' ');
    const point = { key, value: parsePythonFloat(value), step: Number(step), timestampMillis: Number(timestamp) };
    if (value === '' || !Number.isFinite(point.timestampMillis) || !Number.isInteger(point.step)) throw new PipelineError('INVALID_DATA', `${file}:${index + 1}: ${JSON.stringify(line)} is not a point of a metric.`);
    points.push(point);
  }
  return points;
}

/** Python writes nan, inf and -inf. */
function parsePythonFloat(text: string): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return Number(text);
}

/** MLflow's rule for the latest value: the greatest by step, then timestamp, then value. */
export function latestPoint(points: readonly MetricPoint[]): MetricPoint | undefined {
  return points.reduce<MetricPoint | undefined>((best, point) => (best === undefined || isLater(point, best) ? point : best), undefined);
}

function isLater(a: MetricPoint, b: MetricPoint): boolean {
  return a.step - b.step > 0 || (a.step === b.step && (a.timestampMillis > b.timestampMillis || (a.timestampMillis === b.timestampMillis && a.value > b.value)));
}

/**
 * Adds points to the metric files of a folder, each point once: one that is there already is left out. The caller holds the store's lock.
 * A file is written anew rather than appended to: a process that is killed can leave half a line behind an append.
 */
export async function addMetricPoints(store: Store, folder: string, points: readonly MetricPoint[]): Promise<void> {
  for (const [key, ofKey] of groupByKey(points)) {
    const path = join(folder, key);
    const before = (await readTextIfThere(path)) ?? '';
    const present = new Set(before.split('\n').map((line) => `${line}\n`));
    const added = [...new Set(ofKey.map((point) => metricLine(point)))].filter((line) => !present.has(line));
    const start = before === '' || before.endsWith('\n') ? before : `${before}\n`;
    if (added.length > 0) await store.replaceFile(path, start + added.join(''));
  }
}

function groupByKey(points: readonly MetricPoint[]): Map<string, MetricPoint[]> {
  const groups = new Map<string, MetricPoint[]>();
  for (const point of points) groups.set(point.key, [...(groups.get(point.key) ?? []), point]);
  return groups;
}
