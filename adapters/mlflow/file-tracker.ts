import type { ExperimentTracker } from '../../ports/experiment-tracker.ts';
import { ensureExperiment } from './experiments.ts';
import { ensureLoggedModel } from './logged-models.ts';
import { resolveModel } from './model-uris.ts';
import { aliasedVersions, ensureVersion, setAlias, versionByAlias } from './registry.ts';
import { logArtifact, logBatch, logDataset } from './run-logging.ts';
import { ensureRun, finishRun, listRuns, liveRunFolder, metricHistory, readRun } from './runs.ts';
import { openStore } from './store.ts';
import type { Store } from './store.ts';

/**
 * MLflow's file store (`./mlruns`), written and read without Python; docs/mlflow.md describes it. Stores that MLflow's own client wrote are read, too.
 * The folder is made at the first call, not before. Times in the files are milliseconds.
 */
export function createFileTracker(config: { readonly root: string; readonly lockPatienceMillis?: number }): ExperimentTracker {
  let opened: Promise<Store> | undefined;
  const store = (): Promise<Store> => {
    opened ??= openStore(config.root, config).catch((error: unknown) => {
      opened = undefined; // a folder that could not be written may be writable at the next call
      throw error;
    });
    return opened;
  };
  return {
    ensureExperiment: async (name) => ensureExperiment(await store(), name),
    ensureRun: async (request) => ensureRun(await store(), request),
    logBatch: async (runId, batch) => logBatch(await store(), runId, batch),
    logDataset: async (runId, dataset) => logDataset(await store(), runId, dataset),
    logArtifact: async (runId, path, localFile) => logArtifact(await store(), runId, path, localFile),
    ensureLoggedModel: async (request) => ensureLoggedModel(await store(), request),
    ensureVersion: async (request) => ensureVersion(await store(), request),
    setAlias: async (name, alias, version, replaces) => setAlias(await store(), name, alias, version, replaces),
    versionByAlias: async (name, alias) => versionByAlias(await store(), name, alias),
    aliasedVersions: async () => aliasedVersions(await store()),
    finishRun: async (runId, status, endMillis) => finishRun(await store(), runId, status, endMillis),
    run: async (runId) => readRun(await liveRunFolder(await store(), runId)),
    runs: async (filter) => listRuns(await store(), filter),
    metricHistory: async (runId, key) => metricHistory(await store(), runId, key),
    modelFolder: async (uri) => resolveModel(await store(), uri),
    close: () => Promise.resolve(),
  };
}
