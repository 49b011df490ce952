import { PipelineError } from '../errors.ts';
import { canonicalize } from './canonical.ts';
import type { FeatureValue, ValueType } from './value-types.ts';

/** A transform's function as one ES module that needs nothing else. */
export interface TransformBundle {
  readonly source: string;
  /** SHA-256 of the source's UTF-8 bytes, hex. */
  readonly sha256: string;
}

/** A stored feature that a transform gets, and the column that carries it in the rows that are read. */
export interface OnDemandInput {
  readonly view: string;
  readonly feature: string;
  readonly column: string;
  readonly type: ValueType;
}

/** A column that the caller gives with each row: of the request when serving, of the spine when training. */
export interface OnDemandRequest {
  readonly name: string;
  readonly type: ValueType;
}

/** A feature that a transform computes, and the column that it makes. */
export interface OnDemandOutput {
  readonly feature: string;
  readonly column: string;
  readonly type: ValueType;
}

/** An on-demand feature view with all that computing it needs: plain JSON, kept in plans and in the wrapped artifact. */
export interface OnDemandSnapshot extends TransformBundle {
  readonly name: string;
  readonly inputs: readonly OnDemandInput[];
  readonly request: readonly OnDemandRequest[];
  /** The function also gets `as_of`. */
  readonly asOf: boolean;
  /** Those that are asked for. */
  readonly outputs: readonly OnDemandOutput[];
}

/** Name under which a function gets the as-of instant: whole seconds since 1970-01-01T00:00:00Z (a UnixTimestamp). */
export const AS_OF_INPUT = 'as_of';

/** The function of a bundle: one row in, one row out. What it throws names no data but what its author put into the message. */
export type RowTransform = (input: Readonly<Record<string, FeatureValue>>) => unknown;

/** Thrown by whoever runs a bundle for what the function did; the message says where and what in words that hold no data. */
export class TransformFault extends Error {}

/** The names under which the function gets its values, with their types: stored features, request columns, `as_of`. */
export function argumentsOf({ inputs, request, asOf }: OnDemandSnapshot): readonly OnDemandRequest[] {
  return [...inputs.map(({ feature, type }) => ({ name: feature, type })), ...request, ...(asOf ? [{ name: AS_OF_INPUT, type: 'UnixTimestamp' as const }] : [])];
}

/**
 * Computes the outputs of one row from canonical values in the order of `argumentsOf`: canonical, of the declared types. INVALID_DATA that names view and feature, and no value,
 * when the function throws or gives what does not fit; `where` says whose row it is (`row 17`).
 */
export type OnDemandFunction = (values: readonly FeatureValue[], where: string) => readonly FeatureValue[];

export function onDemandFunction(view: OnDemandSnapshot, transform: RowTransform): OnDemandFunction {
  const names = argumentsOf(view).map(({ name }) => name);
  return (values, where) => {
    const input: Record<string, FeatureValue> = {};
    for (let index = 0; index < names.length; index++) input[names[index]!] = ownCopy(values[index] ?? null);
    const row = call(view.name, transform, input, where);
    return view.outputs.map(({ feature, type }) => outputValue(row, { view: view.name, feature, type, where }));
  };
}

/** A function that sorts a list in place must not change the row that it came from. */
function ownCopy(value: FeatureValue): FeatureValue {
  if (typeof value !== 'object' || value === null) return value;
  return value.slice() as FeatureValue;
}

function call(name: string, transform: RowTransform, input: Readonly<Record<string, FeatureValue>>, where: string): Readonly<Record<string, unknown>> {
  let row: unknown;
  try {
    row = transform(input);
  } catch (error) {
    throw fault(name, where, error instanceof TransformFault ? error.message : 'its function threw an error', error);
  }
  if (typeof row !== 'object' || row === null) throw fault(name, where, `its function gives ${row === null ? 'null' : typeof row} in place of an object with its features`);
  if (typeof (row as { then?: unknown }).then === 'function') throw fault(name, where, 'its function gives a promise; it must not be async');
  return row as Readonly<Record<string, unknown>>;
}

function outputValue(row: Readonly<Record<string, unknown>>, { view, feature, type, where }: { readonly view: string; readonly feature: string; readonly type: ValueType; readonly where: string }): FeatureValue {
  const raw = row[feature];
  if (raw === undefined) throw fault(view, where, `its function gives no ${feature} (null where it is missing)`);
  try {
    return canonicalize(type, raw);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    // The message begins with the value, which is nobody's business in a log.
    const reason = error.message.slice(error.message.lastIndexOf(`does not fit ${type}: `));
    throw fault(view, where, `what its function gives for ${feature} ${reason.replace(/\.$/, '')}`);
  }
}

function fault(view: string, where: string, what: string, cause?: unknown): PipelineError {
  return new PipelineError('INVALID_DATA', `On-demand feature view "${view}", ${where}: ${what}.`, cause === undefined ? {} : { cause });
}
