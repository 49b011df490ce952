import { posix } from 'node:path';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import type { ExperimentTracker, MetricPoint, TrackedDataset } from '../../ports/experiment-tracker.ts';

/** MLflow cuts longer values without a word; here they are refused, and belong into an artifact. */
const LONGEST = { param: 6000, tag: 8000 } as const;
const LONGEST_KEY = 250;
/** Tag that names metric values that were not finite: MLflow's run page fails on infinity and shows nothing for NaN. */
export const NOT_FINITE_TAG = 'ml_pipeline.not_finite';
const LONGEST_NOT_FINITE = 2000;

/** Params, metrics or tags of one call: every key and value that MLflow could not keep as it is. */
export function checkEntries(kind: 'param' | 'metric' | 'tag', entries: Iterable<readonly [string, string | undefined]>): Problem[] {
  const problems: Problem[] = [];
  for (const [key, value] of entries) {
    const path = `${kind} ${JSON.stringify(key)}`;
    const wrong = wrongKey(key);
    if (wrong !== undefined) problems.push({ path, message: `The key ${wrong}.`, cure: 'Use letters, digits, _ - . : / and spaces.' });
    if (kind !== 'metric' && value !== undefined && value.length > LONGEST[kind]) {
      problems.push({ path, message: `The value has ${value.length} characters; MLflow would cut it at ${LONGEST[kind]}.`, cure: 'Log it as an artifact.' });
    }
  }
  return problems;
}

/** Everything in one call's params, metrics and tags that MLflow could not keep as it is. */
export function checkBatch({ params = {}, metrics = [], tags = {} }: Parameters<ExperimentTracker['logBatch']>[1]): Problem[] {
  const broken = metrics.filter((point) => !Number.isInteger(point.step) || !Number.isInteger(point.timestampMillis));
  return [
    ...checkEntries('param', Object.entries(params)),
    ...checkEntries('metric', metrics.map((point) => [point.key, undefined])),
    ...checkEntries('tag', Object.entries(tags)),
    ...broken.map((point) => ({ path: `metric ${point.key}`, message: `Step ${point.step} and time ${point.timestampMillis} ms must be whole numbers.` })),
  ];
}

/** The text of NOT_FINITE_TAG with these points added to what it said before; undefined when they no longer fit. */
export function notFiniteNote(before: string, points: readonly MetricPoint[]): string | undefined {
  const noted = before.split(', ').filter((note) => note !== '');
  const text = [...new Set([...noted, ...points.map((point) => `${point.key}: ${point.value} at step ${point.step}`)])].join(', ');
  return text.length <= LONGEST_NOT_FINITE ? text : undefined;
}

/** Lengths are MLflow's; spaces would break the lines in which a logged model's metrics name the data set. */
export function checkDataset(dataset: TrackedDataset): Problem[] {
  const problems: Problem[] = [];
  const path = `data set ${JSON.stringify(dataset.name)}`;
  if (!/^\S{1,500}$/.test(dataset.name)) problems.push({ path, message: 'The name must have 1 to 500 characters and no space.' });
  if (!/^\S{1,36}$/.test(dataset.digest)) problems.push({ path, message: `The digest ${JSON.stringify(dataset.digest)} must have 1 to 36 characters and no space.` });
  if (dataset.source.length > 65_535) problems.push({ path, message: `The source has ${dataset.source.length} characters; 65,535 are possible.` });
  if (dataset.schema.length > 1_048_575) problems.push({ path, message: `The schema has ${dataset.schema.length} characters; 1,048,575 are possible.` });
  return problems;
}

function wrongKey(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (key.length > LONGEST_KEY) return `is longer than ${LONGEST_KEY} characters`;
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(key)) return 'has a character that MLflow does not take';
  // A key is a path below the folder of its kind.
  if (key.startsWith('/') || key.endsWith('/') || key.startsWith('..') || key === '.' || posix.normalize(key) !== key) return 'is not a plain path';
  return undefined;
}

/** Refuses a name of an experiment, model or alias that MLflow would not take. */
export function checkName(what: string, name: string, forbidden: RegExp, allowed: string): void {
  const problems: Problem[] = [];
  // Control characters and halves of characters: MLflow refuses them, or cannot write them.
  if (name.trim() === '' || forbidden.test(name) || /[\p{Cc}\p{Cs}]/u.test(name) || name === '.' || name === '..') {
    problems.push({ path: what, message: `${JSON.stringify(name)} is not a name that MLflow takes.`, cure: `Use ${allowed}.` });
  }
  refuseProblems('INVALID_INPUT', `The ${what} cannot be used.`, problems);
}

export function checkRegisteredName(name: string): void {
  checkName('registered model name', name, /[/:%\\]/, 'a name without / : % and \\');
}

export function checkLoggedModelName(name: string): void {
  checkName('logged model name', name, /[/:.%"'\\]/, 'a name without / : . % " \' and \\');
}

export function checkAlias(alias: string): void {
  checkName('alias', alias, /[^\w-]|^latest$|^v\d+$/i, 'letters, digits, _ and -; `latest` and `v1`, `v2` ... are taken');
}

/** A run id is also a folder's name. */
export function checkRunId(runId: string): void {
  if (!/^[a-zA-Z0-9][\w-]{0,255}$/.test(runId)) throw new PipelineError('INVALID_INPUT', `${JSON.stringify(runId)} is not a run id. A run id has letters, digits, _ and -.`);
}

/** The path of an artifact below its folder, refused when it leads out of it. */
export function checkArtifactPath(path: string): void {
  if (path === '' || path.startsWith('/') || path.startsWith('..') || posix.normalize(path) !== path || path.endsWith('/')) {
    throw new PipelineError('INVALID_INPUT', `${JSON.stringify(path)} is not a plain relative path below the run's artifacts. Use one such as reports/report.json.`);
  }
}
