/** What the worker found out about its namespace when it started. */
export interface NamespaceFacts {
  /** Whether every search attribute of ours is registered: an unregistered one would stop a workflow for ever. */
  readonly searchAttributes: boolean;
}

export function createNamespaceActivities(facts: NamespaceFacts) {
  return {
    hasSearchAttributes: (): Promise<boolean> => Promise.resolve(facts.searchAttributes),
  };
}
