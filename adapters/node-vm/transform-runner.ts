import { createHash } from 'node:crypto';
import { createContext, Script } from 'node:vm';
import { PipelineError } from '../../domain/errors.ts';
import { type RowTransform, TransformFault } from '../../domain/features/on-demand.ts';
import { TRANSFORM_EXPORT, TRANSFORM_VARIABLE } from '../../domain/features/transform-module.ts';
import type { TransformRunner } from '../../ports/transform-runner.ts';
import { initialGlobals, TAKE_AWAY } from './deterministic-globals.ts';

/** A module that does not come to its end by itself within this time is refused when it is loaded. */
const LOAD_MS = 1_000;

/** Runs each bundle in a context of its own, in this process. The functions are the project's own code: a context keeps them deterministic, and is no wall against malice. */
export function createTransformRunner(): TransformRunner {
  return { load: loadTransform };
}

function loadTransform({ name, source, sha256 }: Parameters<TransformRunner['load']>[0]): RowTransform {
  const actual = createHash('sha256').update(source).digest('hex');
  if (actual !== sha256) throw new PipelineError('INVALID_DATA', `The transform of on-demand feature view "${name}" is not the one that was bundled: its SHA-256 is ${actual}, and should be ${sha256}.`);
  if (!source.endsWith(TRANSFORM_EXPORT)) throw new PipelineError('INVALID_DATA', `The transform of on-demand feature view "${name}" is no bundle of ours: it does not end with ${TRANSFORM_EXPORT.trim()}`);
  const file = `transforms/${name}.mjs`;
  const script = source.slice(0, -TRANSFORM_EXPORT.length);
  const place = placeIn(script, file);
  const context = createContext(initialGlobals(), { codeGeneration: { strings: false, wasm: false } });
  new Script(TAKE_AWAY).runInContext(context);
  const transform: unknown = guarded(() => new Script(`${script};${TRANSFORM_VARIABLE}.default`, { filename: file }).runInContext(context, { timeout: LOAD_MS }), place, (message) => {
    throw new PipelineError('INVALID_DEFINITION', `The transform of on-demand feature view "${name}" cannot be loaded: ${message}.`);
  });
  if (typeof transform !== 'function') throw new PipelineError('INVALID_DEFINITION', `The transform of on-demand feature view "${name}" does not export a function as default.`);
  return (input) => guarded(() => (transform as RowTransform)(input), place, (message, cause) => {
    throw new TransformFault(message, { cause });
  });
}

type Place = (stack: string) => string;

function guarded<T>(work: () => T, place: Place, fail: (message: string, cause: unknown) => never): T {
  try {
    return work();
  } catch (error) {
    const { name = 'an error', message = '', stack = '' } = (error ?? {}) as Partial<Error>;
    const what = error instanceof TransformFault ? message : `its function throws ${name}${harmless(message)}`;
    return fail(`${what}${place(String(stack))}`, error);
  }
}

/** Messages of the language that hold no value; any other may, and stays out of logs. */
function harmless(message: string): string {
  return message === 'Cannot mix BigInt and other types, use explicit conversions' || /^[A-Za-z_$][\w$]* is not (?:defined|a function)$/.test(message) ? ` (${message})` : '';
}

/** ` at line 4: return ...`: the innermost line of the bundle on the stack, as it is written there. */
function placeIn(script: string, file: string): Place {
  const lines = script.split('\n');
  return (stack) => {
    const start = stack.indexOf(`${file}:`);
    const number = start < 0 ? undefined : Number.parseInt(stack.slice(start + file.length + 1), 10);
    const text = number === undefined ? undefined : lines[number - 1]?.trim();
    return text === undefined ? '' : ` at line ${number} of its bundle: ${text.length > 120 ? `${text.slice(0, 117)}...` : text}`;
  };
}
