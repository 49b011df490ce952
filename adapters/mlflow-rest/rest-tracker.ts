import { mkdir } from 'node:fs/promises';
import type { ExperimentTracker } from '../../ports/experiment-tracker.ts';
import { ensureExperiment } from './experiments.ts';
import { ensureLoggedModel } from './logged-models.ts';
import { resolveModel } from './model-uris.ts';
import { aliasedVersions, ensureVersion, setAlias, versionByAlias } from './registry.ts';
import { logArtifact, logBatch, logDataset } from './run-logging.ts';
import { ensureRun, finishRun, listRuns, liveRun, metricHistory, trackedRun } from './runs.ts';
import { connectServer } from './server.ts';
import type { ServerOptions } from './server.ts';

/**
 * An MLflow server of version 3, by its REST API; docs/mlflow.md says how it is set up. Nothing is sent before the first call.
 * `modelCache`: local folder for the files of models; it may be removed at any time that no process uses it. Above `modelCacheBytes`, default 10 GB, the models that were longest not opened go.
 */
export function createRestTracker(options: ServerOptions & { readonly modelCache: string; readonly modelCacheBytes?: number }): ExperimentTracker {
  const server = connectServer(options);
  const turns = new Map<string, Promise<unknown>>();
  /** Callers of this process with the same key, one after the other: the server has no call that makes a thing once. */
  const inTurn = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(key) ?? Promise.resolve()).then(work, work); // whoever was before is told of its own failure
    turns.set(key, turn);
    return turn.finally(() => {
      if (turns.get(key) === turn) turns.delete(key);
    });
  };
  return {
    ensureExperiment: (name) => ensureExperiment(server, name),
    ensureRun: (request) => inTurn(`run ${request.key}`, () => ensureRun(server, request)),
    logBatch: (runId, batch) => inTurn(`batch ${runId}`, () => logBatch(server, runId, batch)),
    logDataset: (runId, dataset) => logDataset(server, runId, dataset),
    logArtifact: (runId, path, localFile) => logArtifact(server, runId, path, localFile),
    ensureLoggedModel: (request) => inTurn(`model ${request.runId} ${request.name}`, () => ensureLoggedModel(server, request)),
    ensureVersion: (request) => inTurn(`version ${request.name}`, () => ensureVersion(server, request)),
    setAlias: (name, alias, version, replaces) => inTurn(`alias ${name}`, () => setAlias(server, name, alias, version, replaces)),
    versionByAlias: (name, alias) => versionByAlias(server, name, alias),
    aliasedVersions: () => aliasedVersions(server),
    finishRun: (runId, status, endMillis) => finishRun(server, runId, status, endMillis),
    run: async (runId) => trackedRun(await liveRun(server, runId)),
    runs: (filter) => listRuns(server, filter),
    metricHistory: (runId, key) => metricHistory(server, runId, key),
    modelFolder: async (uri) => {
      await mkdir(options.modelCache, { recursive: true });
      return resolveModel(server, { folder: options.modelCache, maxBytes: options.modelCacheBytes ?? 1e10 }, uri);
    },
    close: () => Promise.resolve(),
  };
}
