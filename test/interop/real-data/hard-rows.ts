import { readModelFile } from '../../../adapters/lightgbm/read-model-file.ts';
import type { Column, ColumnSchema, RecordBatch } from '../../../domain/data/columns.ts';
import { columnOf } from '../../../domain/data/columns.ts';
import type { DatasetRef } from '../../../domain/data/dataset-ref.ts';
import type { InputColumn } from '../../../domain/model/preprocessor.ts';
import type { RealData } from '../../support/real-data.ts';
import { preprocessorOf } from './node-predictions.ts';

const MISSING = 0.15;
const ON_THRESHOLD = 0.5;
const ODD_TEXTS = ['ZZ', '', 'ewr', 'EWR ', 'Ж', 'null'];

/**
 * The first `count` rows of the training set made hard, the same each time: a value missing in any column, categories that nobody has seen, and numbers on a threshold of the trees or
 * one float32 or float64 to either side of it.
 */
export async function writeHardRows(data: RealData, count: number): Promise<DatasetRef> {
  const { inputs } = await preprocessorOf(data, 'forest');
  const thresholds = await thresholdsByColumn(data);
  const random = seeded(20131225);
  const schema: ColumnSchema[] = inputs.map(({ name, type }) => ({ name, type: type === 'number' ? 'Float64' : 'String' }));
  const rows = data.ports.datasetStore.read(data.models.forest.trainingSet, { columns: inputs.map(({ name }) => name), rows: { start: 0, end: count } });
  const batches = async function* (): AsyncIterable<RecordBatch> {
    for await (const batch of rows) yield { rowCount: batch.rowCount, columns: inputs.map((input) => hardColumn(input, columnOf(batch, input.name), thresholds.get(input.name) ?? [], random)) };
  };
  return data.ports.datasetStore.write(data.ports.artifactStore.uri('tests/hard.parquet'), schema, batches());
}

/** Thresholds of the forest's and the boosted trees' number columns, which reach the trees as they are. */
async function thresholdsByColumn(data: RealData): Promise<ReadonlyMap<string, readonly number[]>> {
  const found = new Map<string, Set<number>>();
  for (const key of ['forest', 'boosting'] as const) {
    const { outputColumns } = await preprocessorOf(data, key);
    const { trees } = await readModelFile(await data.ports.artifactStore.localPath(data.models[key].trained.libraryFiles[0]!.uri));
    for (const tree of trees) {
      tree.splitFeature.forEach((feature, node) => {
        const name = outputColumns[feature]!;
        const values = found.get(name) ?? new Set<number>();
        if (Number.isFinite(tree.threshold[node])) values.add(tree.threshold[node]!);
        found.set(name, values);
      });
    }
  }
  return new Map([...found].map(([name, values]) => [name, [...values]]));
}

function hardColumn(input: InputColumn, column: Column, thresholds: readonly number[], random: () => number): Column {
  const rows = column.values.length;
  const isNull = Uint8Array.from({ length: rows }, (_, row) => (random() < MISSING ? 1 : (column.nulls?.[row] ?? 0)));
  if (input.type === 'string') {
    const values = Array.from({ length: rows }, (_, row) => (isNull[row] === 1 ? '' : random() < 0.1 ? ODD_TEXTS[Math.floor(random() * ODD_TEXTS.length)]! : String(column.values[row])));
    return { name: input.name, type: 'String', values, nulls: isNull };
  }
  const hard = (row: number): number => (thresholds.length > 0 && random() < ON_THRESHOLD ? beside(thresholds[Math.floor(random() * thresholds.length)]!, Math.floor(random() * 5)) : Number(column.values[row]));
  return { name: input.name, type: 'Float64', values: Float64Array.from({ length: rows }, (_, row) => (isNull[row] === 1 ? NaN : hard(row))), nulls: isNull };
}

/** On the threshold (0), the float32 above (1) or below (2), the float64 above (3) or below (4). */
function beside(threshold: number, way: number): number {
  if (way === 0) return threshold;
  if (way > 2) return neighbour(new Float64Array([threshold]), way === 3 ? 1 : -1);
  return neighbour(new Float32Array([threshold]), way === 1 ? 1 : -1);
}

/** The next number up (1) or down (-1) in the array's precision. */
function neighbour(number: Float32Array | Float64Array, way: 1 | -1): number {
  const value = number[0]!;
  if (value === 0) return way * (number instanceof Float32Array ? 2 ** -149 : Number.MIN_VALUE);
  const towardsZero = value > 0 !== way > 0;
  if (number instanceof Float32Array) {
    const bits = new Int32Array(number.buffer);
    bits[0]! += towardsZero ? -1 : 1;
  } else {
    const bits = new BigInt64Array(number.buffer);
    bits[0]! += towardsZero ? -1n : 1n;
  }
  return number[0]!;
}

/** Mulberry32: evenly spread numbers in [0, 1), the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
