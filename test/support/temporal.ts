import { randomBytes } from 'node:crypto';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type WorkflowBundleOption } from '@temporalio/worker';
import type { Ports } from '../../ports/ports.ts';
import { createWorkerSet } from '../../workers/worker-set.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import type { FixtureProject } from './fixture-project.ts';

let bundle: Promise<WorkflowBundleOption> | undefined;
let quiet = false;

/** Bundled once per test run. */
export function testWorkflowBundle(): Promise<WorkflowBundleOption> {
  if (!quiet) Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR', console: {} } }, shutdownSignals: [] });
  quiet = true;
  bundle ??= workflowBundle();
  return bundle;
}

export interface TestWorker {
  stop(): Promise<void>;
}

/** The worker of a project in this process, on the project's task queues or others, with the project's ports or some of one's own. */
export async function startTestWorker(project: Pick<FixtureProject, 'config' | 'ports'>, options: { readonly ports?: Partial<Ports>; readonly taskQueue?: string; readonly namespace?: string } = {}): Promise<TestWorker> {
  const { address, namespace, task_queue: taskQueue } = project.config.temporal;
  const workflows = await testWorkflowBundle();
  const connection = await NativeConnection.connect({ address });
  const settings = { namespace: options.namespace ?? namespace, taskQueue: options.taskQueue ?? taskQueue, workflowBundle: workflows };
  const workers = await createWorkerSet(connection, { ...project.ports, ...options.ports }, settings);
  const done = workers.run();
  return {
    stop: async () => {
      workers.shutdown();
      await done;
      await connection.close();
    },
  };
}

export async function connectClient(address: string, namespace = 'default'): Promise<{ readonly client: Client; close(): Promise<void> }> {
  const connection = await Connection.connect({ address });
  return { client: new Client({ connection, namespace }), close: () => connection.close() };
}

/** A workflow id that no other test uses. */
export function randomId(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/** One attempt of an activity, as the history has it. */
export interface ActivityRecord {
  readonly activity: string;
  /** Of the attempt that ended it. */
  readonly attempt: number;
  readonly completed: boolean;
}

/** The activities of a workflow in the order of their scheduling. Of one that was retried, the history holds only the last attempt. */
export async function activitiesOf(handle: WorkflowHandle): Promise<ActivityRecord[]> {
  const { events } = await handle.fetchHistory();
  const scheduled = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
  return scheduled.map((event) => {
    const started = events!.find((other) => String(other.activityTaskStartedEventAttributes?.scheduledEventId) === String(event.eventId));
    const completed = events!.some((other) => String(other.activityTaskCompletedEventAttributes?.scheduledEventId) === String(event.eventId));
    return { activity: event.activityTaskScheduledEventAttributes!.activityType!.name!, attempt: started?.activityTaskStartedEventAttributes?.attempt ?? 0, completed };
  });
}
