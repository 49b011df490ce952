/** A worker that stops at the write of a batch to the online store that it is told, before anything of that batch is there: tells its parent, and writes nothing more. It still heartbeats. */
import { bindPorts } from '../../config/bind-ports.ts';
import type { Project } from '../../config/load-config.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { startTestWorker } from '../support/temporal.ts';

const { project, atBatch } = JSON.parse(process.argv[2]!) as { readonly project: Project; readonly atBatch: number };
const ports = await bindPorts(project);
let batches = 0;
const write: OnlineStore['write'] = (view, batch) => {
  if (++batches < atBatch) return ports.onlineStore.write(view, batch);
  process.send!('held');
  return new Promise(() => undefined);
};
await startTestWorker({ ...project, ports }, { ports: { onlineStore: { ...ports.onlineStore, write } } });
process.send!('started');
