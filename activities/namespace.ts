import { activityInfo } from '@temporalio/activity';

/** What the worker found out about its namespace when it started. */
export interface NamespaceFacts {
  /** Whether every search attribute of ours is registered: an unregistered one would stop a workflow for ever. */
  readonly searchAttributes: boolean;
}

export function createNamespaceActivities(facts: NamespaceFacts) {
  return {
    hasSearchAttributes: (): Promise<boolean> => Promise.resolve(facts.searchAttributes),
    /** Tells installations on one namespace apart. A workflow that is replayed elsewhere sees another queue than the one it ran on: it goes by what this said. */
    ownTaskQueue: (): Promise<string> => Promise.resolve(activityInfo().taskQueue),
  };
}
