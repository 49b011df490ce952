import type { Client, WorkflowHandle } from '@temporalio/client';
import { createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';

/** What the tests of a workflow work with; there from the first test to the last. */
export interface FixtureWorker {
  readonly project: FixtureProject;
  readonly client: Client;
  /** Starts a workflow under an id of its own, on the project's task queue or another. */
  start(type: string, input: object, taskQueue?: string): Promise<WorkflowHandle>;
}

/** A fixture project with a worker in this process and a client, for the `describe` that this is called in: made before its tests, removed after them. */
export function useFixtureWorker(): FixtureWorker {
  let made: { readonly project: FixtureProject; readonly worker: TestWorker; readonly client: Client; close(): Promise<void> };
  before(async () => {
    const project = await createFixtureProject();
    const worker = await startTestWorker(project);
    made = { project, worker, ...(await connectClient(project.config.temporal.address)) };
  });
  after(async () => {
    await made.worker.stop();
    await made.close();
    await made.project.remove();
  });
  return {
    get project() {
      return made.project;
    },
    get client() {
      return made.client;
    },
    start: (type, input, taskQueue = made.project.config.temporal.task_queue) => made.client.workflow.start(type, { workflowId: randomId(type), taskQueue, args: [input] }),
  };
}
