import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileTracker } from '../../../adapters/mlflow/file-tracker.ts';
import { describeExperimentTrackerContract } from '../../contracts/experiment-tracker.contract.ts';

describeExperimentTrackerContract("MLflow's file store", async () => {
  const root = await mkdtemp(join(tmpdir(), 'mlruns-'));
  const tracker = createFileTracker({ root });
  return {
    tracker,
    close: async () => {
      await tracker.close();
      await rm(root, { recursive: true });
    },
  };
});
