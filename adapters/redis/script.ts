import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A Lua script, which a server knows by its hash once it has seen the text. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

export function defineScript(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/** Runs the script by its hash; a server that does not have it (new, or restarted) gets its text, once per call that found it missing. */
export async function runScript(redis: Redis, script: Script, keys: readonly Buffer[], parameters: readonly (string | Buffer)[]): Promise<number> {
  try {
    return (await redis.evalsha(script.sha1, keys.length, ...keys, ...parameters)) as number;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return (await redis.eval(script.text, keys.length, ...keys, ...parameters)) as number;
  }
}
