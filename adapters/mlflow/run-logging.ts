import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import type { ExperimentTracker, MetricPoint, TrackedDataset } from '../../ports/experiment-tracker.ts';
import { NOT_FINITE_TAG, checkArtifactPath, checkBatch, checkDataset, notFiniteNote } from './checks.ts';
import { keysIn } from './key-files.ts';
import { formatYaml, readTextIfThere } from './meta-yaml.ts';
import { addMetricPoints } from './metric-files.ts';
import { liveRunFolder } from './runs.ts';
import { entriesOf } from './store.ts';
import type { Store } from './store.ts';

type Batch = Parameters<ExperimentTracker['logBatch']>[1];

/** Params, metric points and tags. All is checked before anything is written. */
export async function logBatch(store: Store, runId: string, batch: Batch): Promise<void> {
  const { params = {}, metrics = [], tags = {} } = batch;
  const folder = await liveRunFolder(store, runId);
  refuseProblems('INVALID_INPUT', `Nothing was logged to run ${runId}.`, [
    ...(await checkKeyFolders(join(folder, 'params'), Object.keys(params))),
    ...(await checkKeyFolders(join(folder, 'metrics'), metrics.map((point) => point.key))),
    ...(await checkKeyFolders(join(folder, 'tags'), Object.keys(tags))),
    ...checkBatch(batch),
  ]);
  await store.locked(async () => {
    await logParams(store, folder, runId, params);
    await addMetricPoints(store, join(folder, 'metrics'), metrics.filter((point) => Number.isFinite(point.value)));
    await noteNotFinite(store, folder, metrics.filter((point) => !Number.isFinite(point.value)));
    for (const [key, value] of Object.entries(tags)) await store.replaceFile(join(folder, 'tags', key), value);
  });
}

/** The data set in the experiment, and that the run had it as input, in the given context. */
export async function logDataset(store: Store, runId: string, dataset: TrackedDataset): Promise<void> {
  const folder = await liveRunFolder(store, runId);
  refuseProblems('INVALID_INPUT', `The data set was not logged to run ${runId}.`, checkDataset(dataset));
  const id = md5(dataset.name + dataset.digest);
  const { name, digest, source, schema, profile } = dataset;
  await store.createFolder(join(dirname(folder), 'datasets', id), (draft) =>
    writeFile(join(draft, 'meta.yaml'), formatYaml({ name, digest, source_type: dataset.sourceType, source, schema, profile })));
  await store.createFolder(join(folder, 'inputs', md5(id + runId)), (draft) =>
    // MLflow writes the source's id as the destination's, too.
    writeFile(join(draft, 'meta.yaml'), formatYaml({ destination_id: id, destination_type: 'RUN', source_id: id, source_type: 'DATASET', tags: { 'mlflow.data.context': dataset.context } })));
}

/** Copies the file to the run's artifacts; again: replaces it. */
export async function logArtifact(store: Store, runId: string, path: string, localFile: string): Promise<void> {
  checkArtifactPath(path);
  const folder = await liveRunFolder(store, runId);
  try {
    await store.replaceWithCopy(join(folder, 'artifacts', path), localFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new PipelineError('NOT_FOUND', `There is no file ${localFile} to log as artifact ${path} of run ${runId}.`, { cause: error });
  }
}

/** Params are write-once. The caller holds the lock, so what is checked stays true while it is written. */
async function logParams(store: Store, folder: string, runId: string, params: Readonly<Record<string, string>>): Promise<void> {
  const problems: Problem[] = [];
  const missing: [string, string][] = [];
  for (const [key, value] of Object.entries(params)) {
    const logged = await readTextIfThere(join(folder, 'params', key));
    if (logged === undefined) missing.push([key, value]);
    else if (logged !== value) problems.push({ path: `param ${key}`, message: `It was logged as ${JSON.stringify(logged)} and cannot become ${JSON.stringify(value)}.` });
  }
  refuseProblems('CONFLICT', `A logged param cannot be changed (run ${runId}).`, problems);
  for (const [key, value] of missing) await store.createFile(join(folder, 'params', key), value);
}

async function noteNotFinite(store: Store, folder: string, points: readonly MetricPoint[]): Promise<void> {
  if (points.length === 0) return;
  const path = join(folder, 'tags', NOT_FINITE_TAG);
  const note = notFiniteNote((await readTextIfThere(path)) ?? '', points);
  if (note !== undefined) await store.replaceFile(path, note);
}

/** A key cannot be another one's folder: `a` beside `a/b`. */
async function checkKeyFolders(folder: string, keys: readonly string[]): Promise<Problem[]> {
  if (!keys.some((key) => key.includes('/')) && !(await entriesOf(folder)).some((entry) => entry.isDirectory())) return [];
  const all = new Set([...keys, ...(await keysIn(folder))]);
  const parents = [...all].flatMap((key) => key.split('/').slice(0, -1).map((_, index, parts) => [parts.slice(0, index + 1).join('/'), key] as const));
  return parents.filter(([parent]) => all.has(parent)).map(([parent, key]) => ({ path: `key ${JSON.stringify(parent)}`, message: `It is also the folder of ${JSON.stringify(key)}; MLflow's files can hold only one of the two.`, cure: 'Give one another name.' }));
}

function md5(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}
