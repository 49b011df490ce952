import type { OnlineStore } from '../../ports/online-store.ts';
import type { RedisServers } from './servers.ts';

/** How values are laid out in Redis: the port's methods, whose errors are still those of the client. */
export type OnlineLayout = Pick<OnlineStore, 'write' | 'readColumns' | 'renew' | 'entities' | 'versions' | 'remove'>;

export interface LayoutOptions {
  readonly servers: RedisServers;
  readonly project: string;
  readonly keyTtlSeconds: number | null;
  /** Rows that are sent at a time. */
  readonly rowsPerCall: number;
}

/** Turns on their way at one time: enough to keep the server busy, few enough that memory stays bounded and no other client waits long. */
const TURNS_UNDER_WAY = 8;

/** Takes turns until there is no more or one fails, some at the same time; resolves to the sum of their counts. */
export async function inLanes<T>(turns: Iterable<T>, count: (turn: T) => Promise<number>): Promise<number> {
  let sum = 0;
  const shared = turns[Symbol.iterator]();
  // Each lane sends a turn, waits for its answer and takes the next one. Where one fails, its loop closes the generator, and the others end too.
  const lane = async (): Promise<void> => {
    for (const turn of { [Symbol.iterator]: () => shared }) {
      const counted = await count(turn); // on its own line: other lanes add to the sum meanwhile
      sum += counted;
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: TURNS_UNDER_WAY }, lane));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return sum;
}
