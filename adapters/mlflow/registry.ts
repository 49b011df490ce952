import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { ExperimentTracker, RegisteredVersion } from '../../ports/experiment-tracker.ts';
import { checkAlias, checkEntries, checkRegisteredName } from './checks.ts';
import { readKeyFiles } from './key-files.ts';
import { findLoggedModel } from './logged-models.ts';
import type { LoggedModel } from './logged-models.ts';
import { formatYaml, metaNumber, metaReference, metaText, readMeta, readTextIfThere, withMetaField } from './meta-yaml.ts';
import { userName, writeKeyFiles } from './runs.ts';
import { foldersIn } from './store.ts';
import type { Store } from './store.ts';

/** Tag of a logged model that links it to its versions in MLflow's UI. */
const VERSIONS_TAG = 'mlflow.modelVersions';
/** What MLflow calls the stage of a version that was deleted; its number is not used again. */
const DELETED_STAGE = 'Deleted_Internal';

type VersionRequest = Parameters<ExperimentTracker['ensureVersion']>[0];

/** A version as its `meta.yaml` has it. */
export interface StoredVersion {
  readonly name: string;
  readonly version: string;
  /** Empty for a version of MLflow 2. */
  readonly modelId: string;
  readonly runId: string;
  /** Where MLflow downloads it from. */
  readonly location: string;
  readonly createdMillis: number;
}

/** The version of that model under that name, made with the next number when missing. */
export async function ensureVersion(store: Store, request: VersionRequest): Promise<RegisteredVersion> {
  checkRegisteredName(request.name);
  refuseProblems('INVALID_INPUT', `No version of ${request.name} was made.`, checkEntries('tag', Object.entries(request.tags)));
  const model = await findLoggedModel(store, request.modelId);
  if (model === undefined) throw new PipelineError('NOT_FOUND', `There is no logged model ${request.modelId} in ${store.root}.`);
  const folder = join(store.root, 'models', request.name);
  const version = await store.locked(async () => {
    const found = await versionOfModel(folder, request.modelId);
    const number = found ?? (await createVersion(store, folder, request, model));
    await linkModel(store, model, request.name, number);
    return number;
  });
  return withAliases(store, await readVersion(store, request.name, String(version)));
}

export async function setAlias(store: Store, name: string, alias: string, version: string, replaces?: string | null): Promise<boolean> {
  checkRegisteredName(name);
  checkAlias(alias);
  await readVersion(store, name, version);
  return store.locked(async () => {
    const current = (await aliasedVersion(store, name, alias)) ?? null;
    if (current === version) return true;
    if (replaces !== undefined && current !== replaces) return false;
    await store.replaceFile(join(store.root, 'models', name, 'aliases', alias), version);
    return true;
  });
}

export async function versionByAlias(store: Store, name: string, alias: string): Promise<RegisteredVersion | undefined> {
  const version = await aliasedVersion(store, name, alias);
  return version === undefined ? undefined : withAliases(store, await readVersion(store, name, version));
}

/** Versions of all registered models that an alias names. */
export async function aliasedVersions(store: Store): Promise<RegisteredVersion[]> {
  const found: RegisteredVersion[] = [];
  for (const name of await foldersIn(join(store.root, 'models'))) {
    const numbers = new Set(Object.values(await readKeyFiles(join(store.root, 'models', name, 'aliases'))).map((number) => number.trim()));
    for (const number of [...numbers].sort((a, b) => Number(a) - Number(b))) {
      const version = await findVersion(store, name, number);
      if (version !== undefined) found.push(await withAliases(store, version));
    }
  }
  return found;
}

/** The number an alias stands for; undefined when there is no such alias, or its version was deleted: a process that died while it deleted can leave one behind. */
export async function aliasedVersion(store: Store, name: string, alias: string): Promise<string | undefined> {
  checkRegisteredName(name);
  checkAlias(alias);
  const version = (await readTextIfThere(join(store.root, 'models', name, 'aliases', alias)))?.trim();
  return version === undefined || (await findVersion(store, name, version)) === undefined ? undefined : version;
}

/** NOT_FOUND when there is no such version, or it was deleted in MLflow. */
export async function readVersion(store: Store, name: string, version: string): Promise<StoredVersion> {
  checkRegisteredName(name);
  const found = await findVersion(store, name, version);
  if (found !== undefined) return found;
  const known: string[] = [];
  for (const number of numbersOf(await foldersIn(join(store.root, 'models', name)))) if ((await findVersion(store, name, String(number))) !== undefined) known.push(String(number));
  throw new PipelineError('NOT_FOUND', `There is no version ${version} of the registered model ${name} in ${store.root}. ${known.length === 0 ? 'It has no versions.' : `Its versions: ${known.join(', ')}.`}`);
}

/** undefined when there is no such version, or it was deleted in MLflow. */
async function findVersion(store: Store, name: string, version: string): Promise<StoredVersion | undefined> {
  const meta = /^\d+$/.test(version) ? await readMeta(join(store.root, 'models', name, `version-${version}`, 'meta.yaml')) : undefined;
  if (meta === undefined || metaText(meta, 'current_stage') === DELETED_STAGE) return undefined;
  const source = metaText(meta, 'source');
  return {
    name,
    version,
    modelId: metaReference(meta, 'model_id') || (/^models:\/(m-\w+)$/.exec(source)?.[1] ?? ''),
    runId: metaReference(meta, 'run_id'),
    location: metaReference(meta, 'storage_location') || source,
    createdMillis: metaNumber(meta, 'creation_timestamp') ?? 0,
  };
}

/** Numbers of the versions in a registered model's folder, rising; deleted ones among them. */
function numbersOf(folders: readonly string[]): number[] {
  return folders.flatMap((name) => /^version-(\d+)$/.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b);
}

async function versionOfModel(folder: string, modelId: string): Promise<number | undefined> {
  for (const number of numbersOf(await foldersIn(folder)).reverse()) {
    const path = join(folder, `version-${number}`, 'meta.yaml');
    if (!((await readTextIfThere(path)) ?? '').includes(modelId)) continue; // reading YAML is slow, and there may be many
    const meta = await readMeta(path);
    if (meta !== undefined && metaReference(meta, 'model_id') === modelId && metaText(meta, 'current_stage') !== DELETED_STAGE) return number;
  }
  return undefined;
}

/** The caller holds the lock: the next number is free until it is given back. */
async function createVersion(store: Store, folder: string, request: VersionRequest, model: LoggedModel): Promise<number> {
  const now = Date.now();
  const registered = { creation_timestamp: now, description: null, last_updated_timestamp: now, name: request.name };
  await store.createFolder(folder, (draft) => writeFile(join(draft, 'meta.yaml'), formatYaml(registered)));
  const number = (numbersOf(await foldersIn(folder)).at(-1) ?? 0) + 1;
  const meta = {
    creation_timestamp: now,
    current_stage: 'None',
    description: null,
    last_updated_timestamp: now,
    model_id: request.modelId,
    name: request.name,
    run_id: request.runId,
    run_link: null,
    source: `models:/${request.modelId}`,
    status: 'READY',
    status_message: null,
    storage_location: pathToFileURL(model.artifacts).href,
    user_id: userName(),
    version: number,
  };
  await store.createFolder(join(folder, `version-${number}`), async (draft) => {
    await writeKeyFiles(join(draft, 'tags'), request.tags);
    await writeFile(join(draft, 'meta.yaml'), formatYaml(meta));
  });
  const path = join(folder, 'meta.yaml');
  await store.replaceFile(path, withMetaField(await readFile(path, 'utf8'), 'last_updated_timestamp', now));
  return number;
}

async function linkModel(store: Store, model: LoggedModel, name: string, version: number): Promise<void> {
  const path = join(model.folder, 'tags', VERSIONS_TAG);
  const linked = JSON.parse((await readTextIfThere(path)) ?? '[]') as { readonly name: string; readonly version: number }[];
  if (linked.some((link) => link.name === name && link.version === version)) return;
  await store.replaceFile(path, JSON.stringify([...linked, { name, version }]));
}

async function withAliases(store: Store, version: StoredVersion): Promise<RegisteredVersion> {
  const aliases = Object.entries(await readKeyFiles(join(store.root, 'models', version.name, 'aliases')));
  return {
    name: version.name,
    version: version.version,
    modelId: version.modelId,
    runId: version.runId,
    aliases: aliases.filter(([, number]) => number.trim() === version.version).map(([alias]) => alias),
    createdMicros: version.createdMillis * 1000,
  };
}
