import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { ExperimentTracker, RegisteredVersion } from '../../ports/experiment-tracker.ts';
import { checkAlias, checkEntries, checkRegisteredName } from '../mlflow/checks.ts';
import { entriesJson } from './batches.ts';
import { readyModel } from './logged-models.ts';
import { allPages, pageToken } from './pages.ts';
import type { Server } from './server.ts';
import { findOrMake, removeSurplus, unless } from './tolerate.ts';

type VersionRequest = Parameters<ExperimentTracker['ensureVersion']>[0];

export interface VersionJson {
  readonly name: string;
  readonly version: string;
  readonly run_id?: string;
  /** Left out for a version of MLflow 2. */
  readonly model_id?: string;
  readonly source?: string;
  readonly creation_timestamp?: number;
}

interface RegisteredJson {
  readonly name: string;
  readonly aliases?: { readonly alias: string; readonly version: string }[];
}

/**
 * The version of that model under that name, made when missing. Of two processes that register a model at the same moment, both get the lower number, which the server gave
 * first, and the one that made the other deletes it.
 */
export async function ensureVersion(server: Server, request: VersionRequest): Promise<RegisteredVersion> {
  const { name, modelId, runId, tags } = request;
  checkRegisteredName(name);
  refuseProblems('INVALID_INPUT', `No version of ${name} was made.`, checkEntries('tag', Object.entries(tags)));
  await readyModel(server, modelId);
  await unless('CONFLICT', server.call({ what: `registered model ${name}`, path: 'mlflow/registered-models/create', body: { name } }), undefined); // it is there
  const made: string[] = [];
  const version = await findOrMake(() => versionOfModel(server, request), async () => {
    const body = { name, source: `models:/${modelId}`, run_id: runId, model_id: modelId, tags: entriesJson(tags) };
    const { model_version: created } = await server.call<{ model_version: VersionJson }>({ what: `a version of ${name}`, path: 'mlflow/model-versions/create', body, repeatable: false });
    made.push(created.version);
  });
  if (version === undefined) throw new PipelineError('UNAVAILABLE', `The MLflow server ${server.uri} made a version of ${name} and does not find it. Try again.`);
  for (const number of made) if (number !== version.version) await removeSurplus(server.call({ what: `version ${number} of ${name}, made twice`, path: 'mlflow/model-versions/delete', method: 'DELETE', body: { name, version: number } }));
  return registered(version, await registeredModel(server, name));
}

/**
 * MLflow has no call that compares and sets. What can be done is: look, set, and look again. Callers of this process take turns (`inTurn` of rest-tracker.ts); of two processes that
 * set within the same moment, the later one wins, and the first is told so only when it looks after that.
 */
export async function setAlias(server: Server, name: string, alias: string, version: string, replaces?: string | null): Promise<boolean> {
  checkRegisteredName(name);
  checkAlias(alias);
  await readVersion(server, name, version);
  const current = await aliasedVersion(server, name, alias);
  if (current === version) return true;
  if (replaces !== undefined && (current ?? null) !== replaces) return false;
  await server.call({ what: `alias ${alias} of ${name}`, path: 'mlflow/registered-models/alias', body: { name, alias, version } });
  return replaces === undefined || (await aliasedVersion(server, name, alias)) === version;
}

export async function versionByAlias(server: Server, name: string, alias: string): Promise<RegisteredVersion | undefined> {
  checkRegisteredName(name);
  checkAlias(alias);
  const model = await registeredModel(server, name);
  const number = versionOf(model, alias);
  const version = number === undefined ? undefined : await unless('NOT_FOUND', readVersion(server, name, number), undefined); // deleted meanwhile
  return version === undefined ? undefined : registered(version, model);
}

/** The number that an alias stands for; undefined when the model or the alias does not exist. */
export async function aliasedVersion(server: Server, name: string, alias: string): Promise<string | undefined> {
  checkRegisteredName(name);
  checkAlias(alias);
  return versionOf(await registeredModel(server, name), alias);
}

/** Versions of all registered models that an alias names, by name and number. */
export async function aliasedVersions(server: Server): Promise<RegisteredVersion[]> {
  const models = await allPages<RegisteredJson>(async (token) => {
    const { registered_models: items, next_page_token: next } = await server.call<{ registered_models?: RegisteredJson[]; next_page_token?: string }>({ what: 'the registered models', path: 'mlflow/registered-models/search', query: { max_results: '1000', ...pageToken(token) } });
    return { items, next };
  });
  const found: RegisteredVersion[] = [];
  for (const model of models.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const numbers = new Set((model.aliases ?? []).map(({ version }) => version));
    for (const number of [...numbers].sort((a, b) => Number(a) - Number(b))) {
      const version = await unless('NOT_FOUND', readVersion(server, model.name, number), undefined); // deleted meanwhile
      if (version !== undefined) found.push(registered(version, model));
    }
  }
  return found;
}

/** NOT_FOUND when there is no such version, or it was deleted. */
export async function readVersion(server: Server, name: string, version: string): Promise<VersionJson> {
  checkRegisteredName(name);
  const { model_version: found } = await server.call<{ model_version: VersionJson }>({ what: `version ${version} of the registered model ${name}`, path: 'mlflow/model-versions/get', query: { name, version } });
  return found;
}

/** The logged model of a version; undefined for a version of MLflow 2, which has none. */
export function modelOfVersion(version: VersionJson): string | undefined {
  const named = version.model_id ?? '';
  return named === '' ? /^models:\/(m-\w+)$/.exec(version.source ?? '')?.[1] : named;
}

/** Searched by run, since MLflow's filters cannot quote every name. */
async function versionOfModel(server: Server, { name, modelId, runId }: VersionRequest): Promise<VersionJson | undefined> {
  const versions = await allPages<VersionJson>(async (token) => {
    const query = { filter: `run_id = '${runId}'`, max_results: '1000', ...pageToken(token) };
    const { model_versions: items, next_page_token: next } = await server.call<{ model_versions?: VersionJson[]; next_page_token?: string }>({ what: `versions of run ${runId}`, path: 'mlflow/model-versions/search', query });
    return { items, next };
  });
  return versions.filter((version) => version.name === name && modelOfVersion(version) === modelId).sort((a, b) => Number(a.version) - Number(b.version))[0];
}

async function registeredModel(server: Server, name: string): Promise<RegisteredJson | undefined> {
  const call = server.call<{ registered_model: RegisteredJson }>({ what: `registered model ${name}`, path: 'mlflow/registered-models/get', query: { name } });
  return (await unless('NOT_FOUND', call, undefined))?.registered_model;
}

function versionOf(model: RegisteredJson | undefined, alias: string): string | undefined {
  return model?.aliases?.find((each) => each.alias === alias)?.version;
}

function registered(version: VersionJson, model: RegisteredJson | undefined): RegisteredVersion {
  return {
    name: version.name,
    version: version.version,
    modelId: modelOfVersion(version) ?? '',
    runId: version.run_id ?? '',
    aliases: (model?.aliases ?? []).filter((each) => each.version === version.version).map(({ alias }) => alias),
    createdMicros: Number(version.creation_timestamp ?? 0) * 1000,
  };
}
