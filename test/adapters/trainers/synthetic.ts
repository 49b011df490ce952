import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainRequest } from '../../../ports/trainer.ts';

/** A repeatable stream of numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Synthetic {
  readonly rows: number;
  readonly columns: readonly string[];
  readonly matrix: Float32Array;
  readonly labels: Float32Array;
}

/**
 * Rows like those of a preprocessed matrix: ten normal columns of different size, two counts, and a one-hot column of eight categories that matter.
 * `classes`: 0 makes the label a number. `missing`: share of NaN in the first three columns.
 */
export function synthesize(rows: number, options: { readonly classes: number; readonly seed?: number; readonly missing?: number }): Synthetic {
  const next = random(options.seed ?? 1);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const columns = [...Array.from({ length: 10 }, (_, i) => `n${i}`), 'count_a', 'count_b', ...Array.from({ length: 8 }, (_, i) => `kind=${i}`)];
  const width = columns.length;
  const matrix = new Float32Array(rows * width);
  const labels = new Float32Array(rows);
  for (let i = 0; i < rows; i++) {
    const row = matrix.subarray(i * width, (i + 1) * width);
    for (let j = 0; j < 10; j++) row[j] = normal() * (1 + j);
    row[10] = Math.floor(next() * 12);
    row[11] = Math.floor(next() * 300);
    const kind = Math.floor(next() * 8);
    row[12 + kind] = 1;
    const score = row[0]! + 0.3 * row[1]! * Math.sin(row[10]!) - 0.1 * row[3]! + (kind % 3) * 0.7 - 0.7 + 0.002 * row[11]! + normal();
    labels[i] = options.classes === 0 ? 10 * score : options.classes === 2 ? Number(score > 0) : Math.max(0, Math.min(options.classes - 1, Math.floor(score + options.classes / 2)));
    for (let j = 0; j < 3; j++) if (next() < (options.missing ?? 0)) row[j] = NaN;
  }
  return { rows, columns, matrix, labels };
}

/** The bytes of a NumPy file of float32. */
export function npy(values: Float32Array, shape: readonly number[]): Buffer {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const start = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  start.writeUInt16LE(padded.length, 8);
  return Buffer.concat([start, Buffer.from(padded, 'latin1'), Buffer.from(values.buffer, values.byteOffset, values.byteLength)]);
}

/** A folder with the data as files, and the request that trains on the first 80 % and validates on the next 10 %. */
export async function requestFor(data: Synthetic, estimator: string, hyperparameters: TrainRequest['hyperparameters'], classes: number): Promise<{ readonly request: TrainRequest; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'train-'));
  const [matrixPath, labelsPath] = [join(folder, 'matrix.npy'), join(folder, 'labels.npy')];
  await writeFile(matrixPath, npy(data.matrix, [data.rows, data.columns.length]));
  await writeFile(labelsPath, npy(data.labels, [data.rows]));
  const [train, end] = [Math.floor(data.rows * 0.8), Math.floor(data.rows * 0.9)];
  const request: TrainRequest = {
    estimator, hyperparameters, classes, taskType: classes > 0 ? 'classification' : 'regression', matrixPath, labelsPath, columns: data.columns,
    trainingRows: { start: 0, end: train }, validationRows: { start: train, end }, threads: 2, outputFolder: folder,
  };
  return { request, remove: () => rm(folder, { recursive: true, force: true }) };
}
