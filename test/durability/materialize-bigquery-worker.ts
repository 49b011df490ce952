/** A worker over BigQuery as a process of its own. Kills itself at the write of a batch to the online store that it is told, before anything of it is there; 0: never. */
import { bindPorts } from '../../config/bind-ports.ts';
import type { Project } from '../../config/load-config.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { startTestWorker } from '../support/temporal.ts';

const { project, killAtBatch } = JSON.parse(process.argv[2]!) as { readonly project: Project; readonly killAtBatch: number };
const ports = await bindPorts(project);
let batches = 0;
const write: OnlineStore['write'] = (view, batch) => {
  if (++batches !== killAtBatch) return ports.onlineStore.write(view, batch);
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};
await startTestWorker({ ...project, ports }, { ports: { onlineStore: { ...ports.onlineStore, write } } });
process.send!('started');
