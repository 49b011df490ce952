import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineError } from '../../domain/errors.ts';
import type { ResolvedModel } from '../../ports/experiment-tracker.ts';
import { findLoggedModel, findModelOfRun } from './logged-models.ts';
import { metaReference, readMeta } from './meta-yaml.ts';
import { aliasedVersion, readVersion } from './registry.ts';
import type { StoredVersion } from './registry.ts';
import { liveRunFolder } from './runs.ts';
import type { Store } from './store.ts';

const FORMS = 'models:/<name>@<alias>, models:/<name>/<version>, models:/<model id> or runs:/<run id>/<name>';

/** A model URI taken apart. */
export type ModelUri =
  | { readonly kind: 'alias'; readonly name: string; readonly alias: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }
  | { readonly kind: 'model'; readonly modelId: string }
  | { readonly kind: 'run'; readonly runId: string; readonly path: string };

/** INVALID_INPUT names the forms that are known. */
export function parseModelUri(uri: string): ModelUri {
  const [, model] = /^models:\/{1,3}(.+)$/.exec(uri) ?? [];
  const [, runId, path] = /^runs:\/{1,3}([^/]+)\/(.+)$/.exec(uri) ?? [];
  if (runId !== undefined && path !== undefined && !path.split('/').includes('..')) return { kind: 'run', runId, path };
  const [, modelId] = /^(m-[0-9a-f]{32})$/.exec(model ?? '') ?? [];
  if (modelId !== undefined) return { kind: 'model', modelId };
  const [, name, alias] = /^([^/@]+)@([^/@]+)$/.exec(model ?? '') ?? [];
  if (name !== undefined && alias !== undefined) return { kind: 'alias', name, alias };
  const [, versioned, version] = /^([^/]+)\/(\d+)$/.exec(model ?? '') ?? [];
  if (versioned !== undefined && version !== undefined) return { kind: 'version', name: versioned, version };
  throw new PipelineError('INVALID_INPUT', `${JSON.stringify(uri)} is not a model URI. Write ${FORMS}.`);
}

/** The local folder of the model's files. */
export async function resolveModel(store: Store, uri: string): Promise<ResolvedModel> {
  const parsed = parseModelUri(uri);
  if (parsed.kind === 'run') return modelOfRun(store, uri, parsed.runId, parsed.path);
  if (parsed.kind === 'model') return loggedModel(store, uri, parsed.modelId, undefined);
  const version = parsed.kind === 'version' ? parsed.version : await aliasedVersion(store, parsed.name, parsed.alias);
  if (version === undefined) throw notFound(uri, store, 'The registered model or the alias does not exist; train and promote a model first.');
  return registeredModel(store, uri, await readVersion(store, parsed.name, version));
}

async function registeredModel(store: Store, uri: string, version: StoredVersion): Promise<ResolvedModel> {
  // By its id first: the location is an absolute path, wrong once the store was moved.
  if (version.modelId !== '') return loggedModel(store, uri, version.modelId, version);
  return withFiles(uri, store, localFolder(uri, version.location), version.runId, version);
}

async function loggedModel(store: Store, uri: string, modelId: string, version: StoredVersion | undefined): Promise<ResolvedModel> {
  const model = await findLoggedModel(store, modelId);
  if (model === undefined) throw notFound(uri, store, `The logged model ${modelId} is not there.`);
  return withFiles(uri, store, model.artifacts, model.runId, version);
}

/** A logged model of the run, or, as MLflow 2 kept models, a folder of the run's artifacts. */
async function modelOfRun(store: Store, uri: string, runId: string, path: string): Promise<ResolvedModel> {
  const run = await liveRunFolder(store, runId);
  const model = await findModelOfRun(run, path);
  return withFiles(uri, store, model?.artifacts ?? join(run, 'artifacts', path), runId, undefined);
}

async function withFiles(uri: string, store: Store, folder: string, runId: string, version: StoredVersion | undefined): Promise<ResolvedModel> {
  const meta = await readMeta(join(folder, 'MLmodel'));
  if (meta === undefined) throw notFound(uri, store, `There is no file MLmodel in ${folder}.`);
  const inFolder = dirname(folder).split('/').at(-1) ?? '';
  const modelId = inFolder.startsWith('m-') ? inFolder : metaReference(meta, 'model_id') || metaReference(meta, 'model_uuid');
  return { folder, modelId, runId: runId || metaReference(meta, 'run_id'), name: version?.name, version: version?.version };
}

function localFolder(uri: string, location: string): string {
  if (location.startsWith('file:')) return fileURLToPath(location);
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) throw new PipelineError('UNSUPPORTED', `${uri} lies at ${location}, which is no folder of this machine. Only models in the file store itself can be opened here.`);
  return location;
}

function notFound(uri: string, store: Store, why: string): PipelineError {
  return new PipelineError('NOT_FOUND', `${uri} is not in the MLflow store ${store.root}. ${why}`);
}
