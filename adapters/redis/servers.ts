import type { Cluster, Pipeline, Redis } from 'ioredis';
import type { PipelineError } from '../../domain/errors.ts';
import type { HashRead } from './hash-reader.ts';
import type { TakeHash } from './hash-replies.ts';
import { WireCommand } from './wire-command.ts';
import type { WireArguments } from './wire-command.ts';

/** One argument, or several that are made for the wire already. */
export type RedisArgument = string | Buffer | WireArguments;

/** A command on one key, or on keys of one slot. */
export interface RedisCommand {
  readonly name: string;
  /** One of its keys: says which server gets it. */
  readonly key: Buffer;
  /** Everything after the name. */
  readonly args: readonly RedisArgument[];
}

/** The answer of a command: bulk strings as buffers, or the error that came instead. */
export type RedisAnswer = unknown;

/** One server or a cluster, as the layouts use it. */
export interface RedisServers {
  /** Of the key that is the bytes, from `start` to before `end` where these are given. Keys of equal slots are on one server and may be in one script call. The same for every key where there is but one server. */
  slotOf(bytes: Uint8Array, start?: number, end?: number): number;
  /** Sends the commands, in one pipeline per server, all pipelines at the same time. Answers in the commands' order; an error that a command met is its answer. */
  send(commands: readonly RedisCommand[]): Promise<readonly RedisAnswer[]>;
  /** Reads hashes, in one write per server; each answer goes to `take` when it is there, with its command's index. Rejects with the first refusal. */
  readHashes(reads: readonly HashRead[], take: TakeHash): Promise<void>;
  /** A connection to each server that holds keys. */
  primaries(): Promise<readonly Redis[]>;
  /** Does the writes, and resolves when as many replicas of each server have them as the settings ask for. UNAVAILABLE where they do not, or where nobody can know; the writes can be repeated. */
  replicated<T>(write: () => Promise<T>): Promise<T>;
  ping(): Promise<void>;
  /** Turns whatever a call threw into the error that the caller sees. It carries no arguments of the call, so no data and no password. */
  explain(error: unknown, action: string): PipelineError;
  close(): Promise<void>;
}

/** The answers, where none is an error; else throws the first error. */
export function answered(answers: readonly RedisAnswer[]): readonly unknown[] {
  for (const answer of answers) if (answer instanceof Error) throw answer;
  return answers;
}

/** Sends the commands; errors that they meet are answers. One alone needs no pipeline, which would copy its bytes once more. */
export async function execute(client: Redis | Cluster, commands: readonly RedisCommand[]): Promise<RedisAnswer[]> {
  if (commands.length === 1) return [await sendAlone(client, commands[0]!)];
  const pipeline = client.pipeline();
  for (const command of commands) (pipeline as unknown as Pipeline).sendCommand(new WireCommand(command));
  return ((await pipeline.exec()) ?? []).map(([error, answer]) => error ?? answer);
}

/** In a cluster the client follows a command by itself to the server that has its key now. */
export async function sendAlone(client: Redis | Cluster, command: RedisCommand): Promise<RedisAnswer> {
  try {
    return await client.sendCommand(new WireCommand(command));
  } catch (error) {
    return error;
  }
}
