import { createHash } from 'node:crypto';
import { answered } from './servers.ts';
import type { RedisAnswer, RedisArgument, RedisCommand, RedisServers } from './servers.ts';
import { wireArguments } from './wire-command.ts';
import type { WireArguments } from './wire-command.ts';

/** A Lua script, which a server knows by its hash once it has seen the text. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

/** What one call of a script works on: keys of one slot, at least one. */
export interface ScriptCall {
  readonly keys: readonly Buffer[] | WireKeys;
  readonly parameters: readonly RedisArgument[];
}

/** Keys that are made for the wire already. */
export interface WireKeys extends WireArguments {
  readonly first: Buffer;
}

export function defineScript(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/** Makes the calls at the same time; resolves to the sum of their answers. Each server that does not have the script (new, or restarted) gets its text. */
export async function runScript(servers: RedisServers, script: Script, calls: readonly ScriptCall[]): Promise<number> {
  const answers = await servers.send(calls.map((call) => commandOf('EVALSHA', script.sha1, call)));
  const missed = calls.filter((_, index) => isScriptMissing(answers[index]));
  const known = answered(answers.filter((answer) => !isScriptMissing(answer)));
  const again = missed.length === 0 ? [] : answered(await servers.send(missed.map((call) => commandOf('EVAL', script.text, call))));
  return [...known, ...again].reduce<number>((sum, answer) => sum + Number(answer), 0);
}

function commandOf(name: 'EVALSHA' | 'EVAL', script: string, { keys, parameters }: ScriptCall): RedisCommand {
  const wire = 'bytes' in keys ? keys : { ...wireArguments(keys), first: keys[0]! };
  return { name, key: wire.first, args: [script, String(wire.count), wire, ...parameters] };
}

function isScriptMissing(answer: RedisAnswer): boolean {
  return answer instanceof Error && answer.message.startsWith('NOSCRIPT');
}
