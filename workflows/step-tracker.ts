import type { SearchAttributePair } from '@temporalio/common';
import { setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import { progressQuery, type StepProgress } from '../temporal/progress.ts';
import { SEARCH_ATTRIBUTES } from '../temporal/search-attributes.ts';

export interface StepTracker {
  /** Runs a step and keeps its times and figures for the `progress` query. */
  step<T>(name: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T>;
  /** Figures of a step that is under way. */
  say(name: string, detail: string): void;
  skip(name: string, reason: string): void;
  /** Search attributes are set only when the namespace has them. */
  tag(attributes: readonly SearchAttributePair[]): void;
}

/** Answers `progress` from the start; `searchable` tells whether the namespace has our search attributes. */
export function trackSteps(names: readonly string[]): StepTracker & { allowSearch(registered: boolean): void } {
  const steps = new Map<string, StepProgress>(names.map((name) => [name, { name, status: 'waiting' }]));
  let searchable = false;
  const tag = (attributes: readonly SearchAttributePair[]): void => {
    if (searchable) upsertSearchAttributes([...attributes]);
  };
  setHandler(progressQuery, () => ({ steps: [...steps.values()] }));
  return {
    tag,
    allowSearch: (registered) => {
      searchable = registered;
    },
    say: (name, detail) => void steps.set(name, { ...steps.get(name)!, detail }),
    skip: (name, reason) => void steps.set(name, { name, status: 'skipped', detail: reason }),
    step: async (name, work, detail) => {
      const startedMillis = Date.now();
      steps.set(name, { name, status: 'running', startedMillis });
      tag([{ key: SEARCH_ATTRIBUTES.stage, value: name }]);
      try {
        const result = await work();
        steps.set(name, { name, status: 'done', startedMillis, endedMillis: Date.now(), ...(detail === undefined ? {} : { detail: detail(result) }) });
        return result;
      } catch (error) {
        steps.set(name, { name, status: 'failed', startedMillis, endedMillis: Date.now() });
        throw error;
      }
    },
  };
}
