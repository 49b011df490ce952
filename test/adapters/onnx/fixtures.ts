import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Column, RecordBatch } from '../../../domain/data/columns.ts';
import type { MissingRule, Tree, TreeEnsemble } from '../../../domain/model/fitted-model.ts';
import type { FittedPreprocessor } from '../../../domain/model/preprocessor.ts';
import type { RawRow } from './oracle.ts';

export async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function batchOf(preprocessor: FittedPreprocessor, rows: readonly RawRow[]): RecordBatch {
  const columns = preprocessor.inputs.map(({ name, type }): Column => {
    if (type === 'number') return { name, type: 'Float32', values: Float32Array.from(rows, (row) => row[name] as number), nulls: null };
    return { name, type: 'String', values: rows.map((row) => (row[name] as string | null) ?? ''), nulls: Uint8Array.from(rows, (row) => (row[name] === null ? 1 : 0)) };
  });
  return { rowCount: rows.length, columns };
}

/** Preprocessing that passes number columns on as they are. */
export function plainNumbers(columns: number): FittedPreprocessor {
  const names = Array.from({ length: columns }, (_, i) => `x${i}`);
  return { inputs: names.map((name) => ({ name, type: 'number', origin: 'feature' })), steps: [], outputColumns: names };
}

export function rowOf(values: readonly number[]): RawRow {
  return Object.fromEntries(values.map((value, i) => [`x${i}`, value]));
}

const MISSING_RULES: readonly MissingRule[] = ['zero', 'left', 'right', 'zeroLeft', 'zeroRight'];

/** The float32 next to a number, above or below. */
export function neighbour(value: number, direction: 1 | -1): number {
  const float = Float32Array.of(value);
  const bits = new Int32Array(float.buffer);
  if (float[0] === 0) return direction * 2 ** -149;
  bits[0]! += (float[0]! > 0) === (direction === 1) ? 1 : -1;
  return float[0]!;
}

const special = fc.constantFrom(0, -0, 1e-36, -1e-36, 1e-35, 1, 2, 3, 70, 0.1, -0.1, 2.5, 1e30);
const threshold = fc.oneof(special, fc.double({ min: -5, max: 5, noNaN: true }), fc.constantFrom(1e300, -1e300));
const leafValue = fc.double({ min: -2, max: 2, noNaN: true });

/** The first columns hold whole numbers: codes of categories. */
export const CODE_COLUMNS = 2;

interface Split {
  readonly feature: number;
  readonly threshold: number;
  readonly categories: readonly number[] | undefined;
  readonly missing: MissingRule;
}

/** A tree of random shape: a leaf is replaced by a split again and again. Splits by category are on code columns alone. */
export function treeOf(features: number): fc.Arbitrary<Tree> {
  const missing = fc.constantFrom(...MISSING_RULES);
  const numeric = fc.record({ feature: fc.nat(features - 1), threshold, categories: fc.constant(undefined), missing });
  const codes = fc.oneof({ weight: 3, arbitrary: fc.uniqueArray(fc.nat(80), { maxLength: 12 }) }, { weight: 1, arbitrary: fc.uniqueArray(fc.nat(3000), { maxLength: 80 }) });
  const categorical = fc.record({ feature: fc.nat(CODE_COLUMNS - 1), threshold: fc.constant(0), categories: codes, missing });
  const split: fc.Arbitrary<Split> = fc.oneof({ weight: 2, arbitrary: numeric }, { weight: 1, arbitrary: categorical });
  return fc.array(fc.tuple(split, fc.nat()), { maxLength: 14 }).chain((splits) =>
    fc.array(leafValue, { minLength: splits.length + 1, maxLength: splits.length + 1 }).map((leaves) => grow(splits, leaves)));
}

function grow(splits: readonly (readonly [Split, number])[], leaves: readonly number[]): Tree {
  const left = new Int32Array(splits.length);
  const right = new Int32Array(splits.length);
  splits.forEach(([, where], node) => {
    if (node > 0) {
      const leaf = -(where % (node + 1)) - 1;
      for (const side of [left, right]) side.forEach((child, i) => i < node && child === leaf && (side[i] = node));
      left[node] = leaf;
    } else left[node] = -1;
    right[node] = -(node + 1) - 1;
  });
  return {
    splitFeature: Int32Array.from(splits, ([s]) => s.feature),
    threshold: Float64Array.from(splits, ([s]) => s.threshold),
    leftChild: left,
    rightChild: right,
    missing: splits.map(([s]) => s.missing),
    categories: splits.map(([s]) => s.categories),
    leafValue: Float64Array.from(leaves),
  };
}

/** Rows of values that matter to these trees: thresholds, their float32 neighbours, categories, zeros, NaN, infinities. */
export function rowsFor(ensemble: TreeEnsemble, features: number): fc.Arbitrary<readonly (readonly number[])[]> {
  const thresholds = ensemble.trees.flatMap((tree) => [...tree.threshold].map(Math.fround).filter(Number.isFinite));
  const near = thresholds.flatMap((value) => [value, neighbour(value, 1), neighbour(value, -1)]);
  const members = ensemble.trees.flatMap((tree) => tree.categories.flatMap((list) => list ?? []));
  const code = fc.oneof(fc.constantFrom(...members, 0), fc.constantFrom(Number.NaN, 0, -0, -1, Infinity, -Infinity, 1e9), fc.nat(80));
  const number = fc.oneof(fc.constantFrom(...near, 0), fc.constantFrom(Number.NaN, 0, -0, Math.fround(1e-36), Math.fround(1e-35), neighbour(1e-35, 1), Infinity, -Infinity), fc.float({ noNaN: true }));
  const row = fc.tuple(...Array.from({ length: features }, (_, i) => (i < CODE_COLUMNS ? code : number)));
  return fc.array(row, { minLength: 1, maxLength: 20 });
}
