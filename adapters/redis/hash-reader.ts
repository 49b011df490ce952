import type { Socket } from 'node:net';
import type { Redis } from 'ioredis';
import { createHashReplies, type TakeHash } from './hash-replies.ts';

/** HMGET or HGETALL of some keys: a command each. Commands are counted from 0 over all reads that are sent together. */
export interface HashRead {
  readonly keys: readonly Buffer[];
  readonly name: 'HMGET' | 'HGETALL';
  readonly fields: readonly Buffer[];
  /** The fields as they go over the wire (`wireFields`). */
  readonly wire: Buffer;
}

/** The fields as Redis' protocol has them. */
export function wireFields(fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields.flatMap((field) => [Buffer.from(`$${field.length}\r\n`), field, Buffer.from('\r\n')]));
}

export interface HashReader {
  /** Sends all reads as one write, and gives each answer to `take`, in the order of the commands, as it comes. Rejects with the first refusal or error of `take`, or when the server does not answer in time. */
  read(reads: readonly HashRead[], take: TakeHash): Promise<void>;
  close(): Promise<void>;
}

interface Reading {
  readonly take: TakeHash;
  readonly count: number;
  next: number;
  failure: Error | undefined;
  readonly settle: (error?: Error) => void;
}

const LINE_END = Buffer.from('\r\n');

/** As many times a read goes out again when its connection ends before the answer: reads change nothing. */
const MOST_TRIES = 3;

/**
 * Reads hashes over a connection of its own. The client opens it (address, TLS, password, database, and again when it was lost); its commands, each an object with a promise, a timer and a
 * buffer for every value, would cost several times the read itself. So once it is open, reads are written and answers taken here (docs/adr/0014-online-store.md).
 */
export function createHashReader(client: Redis, timeoutMs: number): HashReader {
  let opening: Promise<Socket> | undefined;
  let underWay: Reading[] = [];
  return {
    async read(reads, take) {
      if (reads.every(({ keys }) => keys.length === 0)) return;
      for (let tries = 1; ; tries++) {
        const socket = await (opening ??= open());
        try {
          return await exchange(socket, underWay, reads, take, timeoutMs);
        } catch (error) {
          if (!(error instanceof ConnectionLost) || tries === MOST_TRIES) throw error;
        }
      }
    },
    async close() {
      client.disconnect();
      await opening?.catch(() => undefined);
    },
  };

  function open(): Promise<Socket> {
    const opened = client.ping().then(() => takeOver(client.stream as Socket));
    opened.catch(() => (opening = undefined)); // the next read tries again
    return opened;
  }

  /** After the answer to its ping the client has nothing under way: what comes from now on is for reads. */
  function takeOver(socket: Socket): Socket {
    if (socket.destroyed) throw new ConnectionLost('Connection is closed.');
    const replies = createHashReplies({
      hash: (bytes, places, count) => answer((reading) => reading.take(reading.next, bytes, places, count)),
      error: (line) => answer(() => { throw Object.assign(new Error(line), { name: 'ReplyError' }); }),
    });
    socket.removeAllListeners('data');
    socket.on('data', (chunk: Buffer) => {
      attempt(() => replies.feed(chunk), (error) => socket.destroy(error));
    });
    socket.once('close', () => {
      opening = undefined;
      const lost = underWay;
      underWay = [];
      for (const reading of lost) reading.settle(new ConnectionLost('Connection is closed.'));
    });
    return socket;
  }

  function answer(take: (reading: Reading) => void): void {
    const [reading] = underWay;
    if (reading === undefined) throw new RangeError('the server answered without a question');
    if (reading.failure === undefined) attempt(() => take(reading), (error) => (reading.failure = error));
    if (++reading.next < reading.count) return;
    underWay.shift();
    reading.settle(reading.failure);
  }
}

function attempt(work: () => void, failed: (error: Error) => void): void {
  try {
    work();
  } catch (error) {
    failed(error as Error);
  }
}

/** Writes the reads, and resolves when the last answer has been taken. */
function exchange(socket: Socket, underWay: Reading[], reads: readonly HashRead[], take: TakeHash, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs} ms`));
      socket.destroy();
    }, timeoutMs);
    const settle = (error?: Error): void => {
      clearTimeout(late);
      if (error === undefined) resolve();
      else reject(error);
    };
    underWay.push({ take, count: reads.reduce((sum, { keys }) => sum + keys.length, 0), next: 0, failure: undefined, settle });
    socket.write(encode(reads));
  });
}

class ConnectionLost extends Error {}

function encode(reads: readonly HashRead[]): Buffer {
  let size = 0;
  for (const { keys, wire } of reads) for (const key of keys) size += key.length + wire.length + 48;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { keys, name, fields, wire } of reads) {
    const tail = Buffer.concat([LINE_END, wire]);
    let [head, length] = [tail, -1];
    for (const key of keys) {
      if (key.length !== length) {
        length = key.length;
        head = Buffer.from(`*${fields.length + 2}\r\n$${name.length}\r\n${name}\r\n$${length}\r\n`, 'latin1');
      }
      bytes.set(head, at);
      bytes.set(key, (at += head.length));
      bytes.set(tail, (at += length));
      at += tail.length;
    }
  }
  return bytes.subarray(0, at);
}
