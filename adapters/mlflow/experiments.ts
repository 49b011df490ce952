import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import { checkName } from './checks.ts';
import { metaText, readMeta } from './meta-yaml.ts';
import { experimentMeta, foldersIn, isThere } from './store.ts';
import type { Store } from './store.ts';

interface Experiment {
  readonly id: string;
  readonly name: string;
  readonly deleted: boolean;
}

/** The id of the experiment of that name, made when missing. Names are unique, also among those that Python made. */
export async function ensureExperiment(store: Store, name: string): Promise<string> {
  checkName('experiment name', name, /^$/, 'a name that is not empty');
  const found = (await findByName(store, name)) ?? (await store.locked(async () => (await findByName(store, name)) ?? create(store, name)));
  if (found.deleted) {
    throw new PipelineError('CONFLICT', `The experiment ${JSON.stringify(name)} (id ${found.id}) was deleted in ${store.root}. Restore it in MLflow (experiments restore), or use another name.`);
  }
  return found.id;
}

/** Ids of the experiments, sorted; those that MLflow moved to its trash are left out. */
export async function experimentIds(store: Store): Promise<string[]> {
  return (await foldersIn(store.root)).filter((name) => name !== 'models' && !name.endsWith('.trash'));
}

/** The experiment of that name, deleted or not; undefined when there is none. */
export async function findExperiment(store: Store, name: string): Promise<string | undefined> {
  const found = await findByName(store, name);
  return found === undefined || found.deleted ? undefined : found.id;
}

/** Refuses an id that names no experiment of the store. */
export async function checkExperiment(store: Store, id: string): Promise<void> {
  if (!/^\w+$/.test(id) || !(await isThere(join(store.root, id, 'meta.yaml')))) throw new PipelineError('NOT_FOUND', `There is no experiment with id ${JSON.stringify(id)} in ${store.root}.`);
}

async function findByName(store: Store, name: string): Promise<Experiment | undefined> {
  const derived = await read(store, derivedId(name, 0), store.root); // one look is enough for those that were made here
  if (derived?.name === name) return derived;
  for (const folder of [store.root, join(store.root, '.trash')]) {
    const ids = folder === store.root ? await experimentIds(store) : await foldersIn(folder);
    for (const id of ids) {
      const experiment = await read(store, id, folder);
      if (experiment?.name === name) return experiment;
    }
  }
  return undefined;
}

async function read(store: Store, id: string, folder: string): Promise<Experiment | undefined> {
  const meta = await readMeta(join(folder, id, 'meta.yaml'));
  return meta === undefined ? undefined : { id, name: metaText(meta, 'name'), deleted: folder !== store.root || metaText(meta, 'lifecycle_stage') === 'deleted' };
}

/** The caller holds the lock and knows that there is none of that name. */
async function create(store: Store, name: string): Promise<Experiment> {
  for (let attempt = 0; ; attempt += 1) {
    const id = derivedId(name, attempt);
    const taken = await isThere(join(store.root, '.trash', id));
    if (!taken && (await store.createFolder(join(store.root, id), (folder) => fill(folder, store.root, id, name)))) {
      return { id, name, deleted: false };
    }
    // Taken by an experiment that had this name once and was given another: the next number.
  }
}

async function fill(folder: string, root: string, id: string, name: string): Promise<void> {
  await mkdir(join(folder, 'tags'));
  // MLflow's UI opens the experiment in its view for training rather than in that for language models.
  await writeFile(join(folder, 'tags', 'mlflow.experimentKind'), 'custom_model_development');
  await writeFile(join(folder, 'meta.yaml'), experimentMeta(root, id, name, Date.now()));
}

/** 18 digits, as MLflow's own ids have, from the name. */
function derivedId(name: string, attempt: number): string {
  const digest = createHash('sha256').update(`experiment ${attempt} ${name}`).digest();
  return String((digest.readBigUInt64BE() % 900_000_000_000_000_000n) + 100_000_000_000_000_000n);
}
