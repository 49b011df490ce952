import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import type { ResolvedModel } from '../../ports/experiment-tracker.ts';
import { metaReference, readMeta } from '../mlflow/meta-yaml.ts';
import { parseModelUri } from '../mlflow/model-uris.ts';
import { artifactPlace } from './artifact-place.ts';
import { readyModel, readyModelsOfRun } from './logged-models.ts';
import type { ReadyModel } from './logged-models.ts';
import type { ModelCache } from './model-cache.ts';
import { localCopy } from './model-files.ts';
import { aliasedVersion, modelOfVersion, readVersion } from './registry.ts';
import type { VersionJson } from './registry.ts';
import { liveRun } from './runs.ts';
import type { Server } from './server.ts';

/** A local folder with the files of the model: a copy in the cache, made at the first call, or the server's own folder where it is on this machine. */
export async function resolveModel(server: Server, cache: ModelCache, uri: string): Promise<ResolvedModel> {
  const parsed = parseModelUri(uri);
  if (parsed.kind === 'model') return copyOf(server, cache, await readyModel(server, parsed.modelId), undefined);
  if (parsed.kind === 'run') return modelOfRun(server, cache, uri, parsed.runId, parsed.path);
  const number = parsed.kind === 'version' ? parsed.version : await aliasedVersion(server, parsed.name, parsed.alias);
  if (number === undefined) throw new PipelineError('NOT_FOUND', `${uri} is not on the MLflow server ${server.uri}. The registered model or the alias does not exist; train and promote a model first.`);
  const version = await readVersion(server, parsed.name, number);
  const modelId = modelOfVersion(version);
  return modelId === undefined ? oldVersion(server, cache, uri, version) : copyOf(server, cache, await readyModel(server, modelId), version);
}

async function copyOf(server: Server, cache: ModelCache, model: ReadyModel, version: VersionJson | undefined): Promise<ResolvedModel> {
  const { modelId, runId, artifactUri, content } = model;
  if (!/^m-\w+$/.test(modelId)) throw new PipelineError('INVALID_DATA', `The MLflow server ${server.uri} has a model with the id ${JSON.stringify(modelId)}, which is none.`);
  const folder = await localCopy(artifactPlace(server, artifactUri), cache, modelId, { what: `the logged model ${modelId} on ${server.uri}`, content });
  return { folder, modelId, runId, name: version?.name, version: version?.version };
}

/** A logged model of the run, or, as MLflow 2 kept models, a folder of the run's artifacts. */
async function modelOfRun(server: Server, cache: ModelCache, uri: string, runId: string, path: string): Promise<ResolvedModel> {
  const run = await liveRun(server, runId);
  const model = (await readyModelsOfRun(server, run, path)).at(-1);
  if (model !== undefined) return copyOf(server, cache, model, undefined);
  return oldModel(server, cache, uri, `${run.info.artifact_uri}/${path}`, runId, undefined);
}

async function oldVersion(server: Server, cache: ModelCache, uri: string, version: VersionJson): Promise<ResolvedModel> {
  const { name, version: number } = version;
  const { artifact_uri: location } = await server.call<{ artifact_uri: string }>({ what: uri, path: 'mlflow/model-versions/get-download-uri', query: { name, version: number } });
  return oldModel(server, cache, uri, location, version.run_id ?? '', version);
}

/** The artifacts of a run can be replaced, other than those of a logged model: the copy's name follows from what the server lists. */
async function oldModel(server: Server, cache: ModelCache, uri: string, location: string, runId: string, version: VersionJson | undefined): Promise<ResolvedModel> {
  const place = artifactPlace(server, location);
  const files = await place.files();
  const name = `old-${createHash('sha256').update(JSON.stringify([location, files])).digest('hex').slice(0, 32)}`;
  const folder = await localCopy(place, cache, name, { what: `${uri} on ${server.uri}`, content: undefined, files });
  const meta = await readMeta(join(folder, 'MLmodel'));
  if (meta === undefined) throw new PipelineError('INVALID_DATA', `The file MLmodel of ${uri} cannot be read: ${(await readFile(join(folder, 'MLmodel'), 'utf8')).length} characters, and no mapping.`);
  return { folder, modelId: metaReference(meta, 'model_id') || metaReference(meta, 'model_uuid'), runId: runId || metaReference(meta, 'run_id'), name: version?.name, version: version?.version };
}
