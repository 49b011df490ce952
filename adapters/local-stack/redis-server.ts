import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { PipelineError } from '../../domain/errors.ts';
import type { ServerProcess } from './server-process.ts';

export interface RedisOptions {
  /** Folder with the link `redis-server`. */
  readonly binaries: string;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly recordFile: string;
  readonly port: number;
  readonly password: string;
  /** false: nothing is written to disk, for tests. */
  readonly durable: boolean;
}

/** The settings of the Redis server besides port, folder and password, the same for a container: at most one second of writes is lost with the power. */
export const REDIS_PERSISTENCE = { appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'noeviction' } as const;

/** A Redis server on 127.0.0.1 with a password and an append-only file. */
export function redisServer(options: RedisOptions): ServerProcess {
  mkdirSync(options.dataFolder, { recursive: true });
  const settings = {
    bind: '127.0.0.1',
    port: String(options.port),
    dir: `"${options.dataFolder}"`,
    requirepass: options.password,
    daemonize: 'no',
    ...(options.durable ? REDIS_PERSISTENCE : { appendonly: 'no', save: '""' }),
  };
  return {
    name: 'Redis',
    command: join(options.binaries, 'redis-server'),
    args: ['-'],
    input: Object.entries(settings).map(([name, value]) => `${name} ${value}\n`).join(''),
    ports: [{ port: options.port, setting: 'REDIS_PORT' }],
    logFile: options.logFile,
    recordFile: options.recordFile,
    workingFolder: options.dataFolder,
    stopSignal: 'SIGTERM',
    answers: () => askRedis(options.port, options.password),
  };
}

/** Resolves when the server takes the password and has read its data. */
async function askRedis(port: number, password: string): Promise<void> {
  const client = new Redis({ host: '127.0.0.1', port, password, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, connectTimeout: 2000, enableReadyCheck: true });
  let reason: Error | undefined; // connect() itself only says that the connection is closed
  client.on('error', (error: Error) => (reason ??= error));
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    const cause = reason ?? (error as Error);
    if (!/WRONGPASS|NOAUTH/.test(cause.message)) throw cause;
    throw new PipelineError('INVALID_CONFIG', `Redis on port ${port} does not take REDIS_PASSWORD of .env: it was started with another one. Restart it: ml-pipeline stack down && ml-pipeline stack up`, { cause });
  } finally {
    client.disconnect();
  }
}
