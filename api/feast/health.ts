import type { Log } from '../../ports/log.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { within } from '../within.ts';
import type { DefinitionsHolder } from './definitions.ts';

/** Whoever asks for health waits five seconds at most: Kubernetes, Cloud Run and load balancers count a late answer as none. */
const ANSWER_MS = 4_000;

interface HealthNeeds {
  readonly definitions: Pick<DefinitionsHolder, 'look'>;
  readonly onlineStore: Pick<OnlineStore, 'ping'>;
  readonly log: Log;
}

/** What is wrong with the servers that features are read from, a sentence each without an address, in less than five seconds; empty when nothing is. */
export async function healthProblems({ definitions, onlineStore, log }: HealthNeeds): Promise<readonly string[]> {
  const parts = [
    { name: 'The online store', answer: onlineStore.ping() },
    { name: 'The feature registry', answer: definitions.look() },
  ];
  const said = await Promise.all(parts.map(({ answer }) => problemOf(answer)));
  return parts.flatMap(({ name }, index) => {
    const problem = said[index];
    if (problem === undefined) return [];
    log.warn('not healthy', { part: name, problem });
    return [`${name} does not answer.`];
  });
}

/** Why it failed, or was late; undefined when it did not. */
function problemOf(answer: Promise<unknown>): Promise<string | undefined> {
  const late = (): Error => new Error(`no answer after ${ANSWER_MS / 1000} s`);
  return within(ANSWER_MS, answer, late).then(() => undefined, (error: unknown) => (error instanceof Error ? error.message : String(error)));
}
