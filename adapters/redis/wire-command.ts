import { Command } from 'ioredis';
import type { RedisArgument, RedisCommand } from './servers.ts';

/** Arguments as Redis' protocol has them, to be sent as they are. */
export interface WireArguments {
  readonly count: number;
  readonly bytes: Buffer;
}

export function wireArguments(values: readonly (string | Buffer)[]): WireArguments {
  return { count: values.length, bytes: Buffer.concat(values.flatMap(wireParts)) };
}

/** A command whose bytes are made here, in one piece: the client would take each argument for three, which for a call of many keys costs it more than sending them. Its server is found by its key alone. */
export class WireCommand extends Command {
  readonly #key: Buffer;
  readonly #bytes: Buffer;

  constructor({ name, key, args }: RedisCommand) {
    super(name);
    this.#key = key;
    this.#bytes = commandBytes([name, ...args]);
  }

  override getKeys(): Buffer[] {
    return [this.#key];
  }

  override toWritable(): Buffer {
    return this.#bytes;
  }
}

function commandBytes(args: readonly RedisArgument[]): Buffer {
  const count = args.reduce((sum, arg) => sum + (isWired(arg) ? arg.count : 1), 0);
  return Buffer.concat([Buffer.from(`*${count}\r\n`), ...args.flatMap((arg) => (isWired(arg) ? arg.bytes : wireParts(arg)))]);
}

function isWired(arg: RedisArgument): arg is WireArguments {
  return typeof arg !== 'string' && !Buffer.isBuffer(arg);
}

const LINE_END = Buffer.from('\r\n');

function wireParts(value: string | Buffer): Buffer[] {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return [Buffer.from(`$${bytes.length}\r\n`), bytes, LINE_END];
}
