import { Cluster, Redis } from 'ioredis';
import { PipelineError } from '../../domain/errors.ts';
import type { ResolvedAddress } from './address.ts';
import { explain } from './explain.ts';
import type { TakeHash } from './hash-replies.ts';
import { keySlot } from './key-slot.ts';
import { whenReplicated } from './replicas.ts';
import { answered, execute, sendAlone } from './servers.ts';
import type { RedisAnswer, RedisCommand, RedisServers } from './servers.ts';

/** Rounds of asking all known servers for the cluster's shape before a call gives up. */
const CONNECT_ROUNDS = 3;
/** What a server says, or the client in its place, when a key is on its way to another server or its server has gone. */
const MOVED_AWAY = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|READONLY)\b|^Connection is closed|^Too many Cluster redirections/;

/** A Redis Cluster: commands go to the server that has their slot, and again to another one when the slot has moved or its server was replaced by a replica. */
export function openCluster(address: ResolvedAddress, otherNodes: readonly { readonly host: string; readonly port: number }[]): Omit<RedisServers, 'slotOf'> {
  const { place, replicas } = address;
  let lastFailure = '';
  const ofServer = { reason: '', atMillis: 0 };
  const connect = (): Connected =>
    connectCluster(address, otherNodes, (failure) => (lastFailure = failure), (reason) => Object.assign(ofServer, { reason, atMillis: Date.now() }));
  /** Why there is no connection: to the cluster as such, and lately to one of its servers. */
  const reason = (): string => [...new Set([lastFailure, Date.now() - ofServer.atMillis < 2 * address.timeoutMs ? ofServer.reason : ''])].filter((each) => each !== '').join('; ');
  const main = connect();
  // WAIT holds up its connection: reads then have connections of their own.
  const reading = replicas.count === 0 ? main : connect();
  const primaries = async (): Promise<Redis[]> => {
    await main.within(() => refreshSlots(main.cluster));
    return main.cluster.nodes('master');
  };
  return {
    send: (commands) => main.send(commands),
    async readHashes(reads, take) {
      const answers = answered(await reading.send(reads.flatMap(({ keys, name, fields }) => keys.map((key) => ({ name, key, args: [key, ...fields] })))));
      answers.forEach((items, index) => takeItems(items as readonly (Buffer | null)[], index, take));
    },
    primaries,
    replicated: (write) => whenReplicated(primaries, replicas, write),
    ping: async () => void (await main.within(() => Promise.all(main.cluster.nodes('master').map((node) => node.ping())))),
    explain: (error, action) => explain(error, action, place, reason()),
    close: async () => void (await Promise.all([...new Set([main, reading])].map((connected) => connected.close()))),
  };
}

interface Connected {
  readonly cluster: Cluster;
  /** Does the work when the shape of the cluster is known; UNAVAILABLE where that and the work take too long. */
  within<T>(work: () => Promise<T>): Promise<T>;
  send(commands: readonly RedisCommand[]): Promise<RedisAnswer[]>;
  close(): Promise<void>;
}

/** `tell`: is given why there is no connection, and nothing when there is one again; `tellOfServer`: why one of the servers was not connected. */
function connectCluster(address: ResolvedAddress, otherNodes: readonly { readonly host: string; readonly port: number }[], tell: (failure: string) => void, tellOfServer: (failure: string) => void): Connected {
  const { host, port, place, timeoutMs, options } = address;
  const cluster = new Cluster([{ host, port }, ...otherNodes], {
    lazyConnect: true,
    redisOptions: options,
    dnsLookup: (name, done) => done(null, name), // a certificate is for a name, not for the address behind it
    maxRedirections: 12,
    retryDelayOnFailover: 150,
    retryDelayOnClusterDown: 150,
    slotsRefreshTimeout: Math.min(timeoutMs, 2000),
    clusterRetryStrategy: (attempt) => Math.min(100 * attempt, 1000),
  });
  cluster.on('error', (error: Error) => tell(error.message));
  cluster.on('ready', () => tell(''));
  cluster.on('node error', (error: Error) => tellOfServer(error.message)); // the calls themselves end with `Connection is closed` only
  const ready = (): Promise<void> =>
    untilReady(cluster).catch(async (error: Error) => {
      tell((await askForReason(address)) ?? error.message);
      throw error;
    });
  const within = <T>(work: () => Promise<T>): Promise<T> => limitTime(ready().then(work), timeoutMs, place);
  return {
    cluster,
    within,
    send: async (commands) => (commands.length === 0 ? [] : within(() => sendToServers(cluster, commands))),
    async close() {
      if (cluster.status === 'ready') await cluster.quit().catch((error: Error) => tell(error.message));
      cluster.disconnect();
    },
  };
}

/** Items that the client has taken apart, as a `TakeHash` takes them. */
function takeItems(items: readonly (Buffer | null)[], index: number, take: TakeHash): void {
  const places = new Int32Array(items.length * 2);
  let end = 0;
  items.forEach((item, at) => {
    places[at * 2] = item === null ? -1 : end;
    places[at * 2 + 1] = item?.length ?? -1;
    end += item?.length ?? 0;
  });
  take(index, Buffer.concat(items.filter((item) => item !== null)), places, items.length);
}

async function sendToServers(cluster: Cluster, commands: readonly RedisCommand[]): Promise<RedisAnswer[]> {
  const indexesByServers = new Map<string, number[]>();
  commands.forEach(({ key }, index) => {
    const servers = (cluster.slots[keySlot(key)] ?? []).join(';');
    const indexes = indexesByServers.get(servers);
    if (indexes === undefined) indexesByServers.set(servers, [index]);
    else indexes.push(index);
  });
  const answers = new Array<RedisAnswer>(commands.length);
  await Promise.all([...indexesByServers.values()].map(async (indexes) => {
    const part = indexes.map((index) => commands[index] as RedisCommand);
    const parts = await execute(cluster, part).catch((error: Error) => part.map(() => error));
    parts.forEach((answer, at) => (answers[indexes[at] as number] = answer));
  }));
  return Promise.all(answers.map((answer, index) => (isMovedAway(answer) ? sendAlone(cluster, commands[index] as RedisCommand) : answer)));
}

function isMovedAway(answer: RedisAnswer): boolean {
  return answer instanceof Error && MOVED_AWAY.test(answer.message);
}

/** Resolves when the shape of the cluster is known; rejects when none of the known servers could tell it some times over. */
function untilReady(cluster: Cluster): Promise<void> {
  if (cluster.status === 'ready') return Promise.resolve();
  if (cluster.status === 'end') return Promise.reject(new Error('Connection is closed.'));
  return new Promise((resolve, reject) => {
    let rounds = 0;
    const done = (finish: () => void): void => {
      cluster.off('ready', ready).off('close', closed).off('end', ended);
      finish();
    };
    const ready = (): void => done(resolve);
    const ended = (): void => done(() => reject(new Error('Connection is closed.')));
    const closed = (): void => {
      if (++rounds >= CONNECT_ROUNDS) done(() => reject(new Error('None of the servers answers')));
    };
    cluster.on('ready', ready).on('close', closed).on('end', ended);
    if (cluster.status === 'wait') cluster.connect().catch(() => undefined); // its outcome is an event, too
  });
}

/** Why the first server does not tell the shape of the cluster: the cluster client itself says only that it is not connected. undefined where it now does. */
async function askForReason({ host, port, options }: ResolvedAddress): Promise<string | undefined> {
  const client = new Redis({ ...options, host, port, lazyConnect: true, retryStrategy: () => null });
  let reason: string | undefined;
  client.on('error', (error: Error) => (reason ??= error.message));
  try {
    await client.call('CLUSTER', 'SLOTS');
  } catch (error) {
    reason ??= (error as Error).message;
  } finally {
    client.disconnect();
  }
  return reason;
}

function refreshSlots(cluster: Cluster): Promise<void> {
  return new Promise((resolve, reject) => cluster.refreshSlotsCache((error) => (error instanceof Error ? reject(error) : resolve())));
}

async function limitTime<T>(work: Promise<T>, milliseconds: number, place: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PipelineError('UNAVAILABLE', `${place} did not answer within ${milliseconds} ms. Is one of its servers away?`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
