// A process of its own on a file store: `store-child.ts <root> race <index>` or `store-child.ts <root> sequence <runs>`. Says `ready`, starts when told to, says what came of it.
import { once } from 'node:events';
import { createFileTracker } from '../../../adapters/mlflow/file-tracker.ts';
import { DATASET, START, modelRequest } from '../../contracts/experiment-tracker.contract.ts';

const [root = '', mode, count = '0'] = process.argv.slice(2);
const tracker = createFileTracker({ root });

/** Everything that a training logs, under a key that follows from `name`. Returns the version's number. */
async function logAll(name: string, registered: string): Promise<{ experimentId: string; runId: string; version: string }> {
  const experimentId = await tracker.ensureExperiment('race');
  const { runId } = await tracker.ensureRun({ key: name, experimentId, name, startMillis: START, tags: { team: 'ml' } });
  await tracker.logDataset(runId, DATASET);
  const metrics = Array.from({ length: 20 }, (_, step) => ({ key: 'loss', value: 1 / (step + 1), step, timestampMillis: START + step }));
  await tracker.logBatch(runId, { params: { depth: '3', 'group/lr': '0.1' }, metrics, tags: { note: name } });
  await tracker.logArtifact(runId, 'reports/self.ts', new URL(import.meta.url).pathname);
  const { modelId } = await tracker.ensureLoggedModel(modelRequest({ runId, experimentId }));
  const { version } = await tracker.ensureVersion({ name: registered, modelId, runId, tags: { team: 'ml' } });
  await tracker.setAlias(registered, 'champion', version);
  await tracker.finishRun(runId, 'FINISHED', START + 60_000);
  return { experimentId, runId, version };
}

process.send?.('ready');
await once(process, 'message');
if (mode === 'race') {
  const same = await logAll('the same', 'same model');
  const own = await logAll(`process ${count}`, 'many models');
  process.send?.({ ...same, own: own.version });
} else {
  for (let i = 0; i < Number(count); i += 1) await logAll(`run ${i}`, 'model');
  process.send?.('done');
}
process.disconnect();
