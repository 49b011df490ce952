import type { Redis } from 'ioredis';
import { PipelineError } from '../../domain/errors.ts';

export interface ReplicaWait {
  /** The server or cluster, for messages. */
  readonly place: string;
  /** Replicas of each server that must have what was written; 0: nothing is waited for. */
  readonly count: number;
  /** Milliseconds that they may take. */
  readonly timeoutMs: number;
}

type Connections = ReadonlyMap<Redis, Redis['stream']>;

/**
 * Does the writes, and resolves when the replicas have them. Redis answers a write before it is replicated, and WAIT speaks of what went over its own connection alone: so every server must be
 * the same over the same connection before and after, else it is not known who has the writes (UNAVAILABLE: they can be sent again). `primaries`: the servers that hold keys now.
 */
export async function whenReplicated<T>(primaries: () => Promise<readonly Redis[]>, { place, count, timeoutMs }: ReplicaWait, write: () => Promise<T>): Promise<T> {
  if (count === 0) return write();
  const before = await connectionsOf(await primaries());
  const result = await write();
  const servers = await primaries();
  const reached = await Promise.all(servers.map(async (server) => Number(await server.call('WAIT', count, timeoutMs))));
  if (!isSame(before, await connectionsOf(servers))) {
    throw new PipelineError('UNAVAILABLE', `${place}: a server of it was replaced, or its connection lost, while rows were written: replicas may not have them. The same rows can be sent again.`);
  }
  const least = Math.min(...reached);
  if (least >= count) return result;
  throw new PipelineError(
    'UNAVAILABLE',
    `${place}: rows were written, but of one of its servers only ${least} of ${count} replicas had them within ${timeoutMs} ms. The same rows can be sent again. Bring its replicas back, or lower online_store.replicas_to_wait.`,
  );
}

/** One that is not open yet is opened. */
async function connectionsOf(servers: readonly Redis[]): Promise<Connections> {
  await Promise.all(servers.map(async (server) => (server.status === 'ready' ? undefined : server.ping())));
  return new Map(servers.map((server) => [server, server.stream]));
}

function isSame(before: Connections, after: Connections): boolean {
  return before.size === after.size && [...before].every(([server, stream]) => after.get(server) === stream);
}
