import type { Client } from '@temporalio/client';
import { spineSuffix } from '../domain/run-key.ts';
import type { RunStorage, StoredFolder } from '../ports/run-storage.ts';
import type { Warehouse } from '../ports/warehouse.ts';

/** An attempt's folder that nothing was written to for so long is nobody's: no attempt lasts longer than 12 hours. */
const ATTEMPT_MS = 48 * 3_600_000;

export interface Garbage {
  readonly kind: StoredFolder['kind'] | 'spine';
  readonly name: string;
  readonly bytes: number;
  /** When it was written last; of a spine table: when it expired. */
  readonly sinceMillis: number;
}

export interface Found {
  readonly garbage: readonly Garbage[];
  /** Folders of runs and expired spine tables that stay. */
  readonly kept: { readonly running: number; readonly recent: number };
}

interface Places {
  readonly client: Client;
  readonly storage: RunStorage;
  readonly warehouse: Pick<Warehouse, 'expiredSpines'>;
}

/**
 * Folders of runs that nothing was written to for `olderThanMillis`, spine tables past their expiry, and folders of attempts that were killed; nothing of a workflow that runs.
 * The workflows are asked for last: one that starts meanwhile has no old folder.
 */
export async function findGarbage({ client, storage, warehouse }: Places, nowMillis: number, olderThanMillis: number): Promise<Found> {
  const folders = await storage.list();
  const spines = await warehouse.expiredSpines(nowMillis * 1000);
  const keys = await runningKeys(client);
  const runs = folders.filter(({ kind }) => kind === 'run');
  const idle = runs.filter(({ name }) => !keys.has(name));
  const old = idle.filter(({ changedMillis }) => nowMillis - changedMillis > olderThanMillis);
  const attempts = folders.filter(({ kind, changedMillis }) => kind === 'temporary' && nowMillis - changedMillis > ATTEMPT_MS);
  const suffixes = [...keys].map(spineSuffix);
  const unused = spines.filter(({ table }) => !suffixes.some((suffix) => table.endsWith(suffix)));
  return {
    garbage: [
      ...[...old, ...attempts].map(({ kind, name, bytes, changedMillis }) => ({ kind, name, bytes, sinceMillis: changedMillis })),
      ...unused.map(({ table, bytes, expiredMicros }) => ({ kind: 'spine' as const, name: table, bytes, sinceMillis: expiredMicros / 1000 })),
    ],
    kept: { running: runs.length - idle.length + spines.length - unused.length, recent: idle.length - old.length },
  };
}

/** The keys of all workflows that run in the namespace: a run that was reset, retried or continued goes on with the files of its first. */
async function runningKeys(client: Client): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  const { namespace } = client.options;
  for await (const { workflowId, runId } of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({ namespace, execution: { workflowId, runId }, maximumPageSize: 1 });
    const first = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId;
    keys.add(runId);
    if (first) keys.add(first);
  }
  return keys;
}
