import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createFileArtifactStore } from '../../../adapters/file/artifact-store.ts';
import { createNpyMatrixStore } from '../../../adapters/file/matrix-store.ts';
import { openNpy, writeNpy } from '../../../adapters/file/npy.ts';
import { PipelineError } from '../../../domain/errors.ts';

const code = (expected: string) => (error: unknown): boolean => error instanceof PipelineError && error.code === expected;

async function* chunked(values: Float32Array, size: number): AsyncGenerator<Float32Array> {
  for (let start = 0; start < values.length; start += size) yield values.subarray(start, start + size);
}

describe('NPY files', () => {
  let folder: string;
  let count = 0;
  before(async () => { folder = await mkdtemp(join(tmpdir(), 'npy-')); });
  after(() => rm(folder, { recursive: true, force: true }));
  const file = (): string => join(folder, `${count++}.npy`);

  it('have the header that NumPy writes, and values from a multiple of 64 bytes on', async () => {
    const [matrix, vector] = [file(), file()];
    await writeNpy(matrix, [2, 3], chunked(Float32Array.of(1, 2, 3, 4, 5, NaN), 3));
    await writeNpy(vector, [2], chunked(Float32Array.of(1.5, -0), 1));
    const bytes = await readFile(matrix);
    assert.equal(bytes.toString('latin1', 0, 128), `\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.padEnd(127) + '\n');
    assert.equal(bytes.toString('hex', 128), '0000803f000000400000404000008040' + '0000a0400000c07f');
    assert.match((await readFile(vector)).toString('latin1', 0, 128), /'shape': \(2,\), /);
  });

  it('give back any range of rows, however they were cut when written', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(fc.float(), { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), fc.nat(), fc.nat(), async (width, numbers, rowsPerChunk, a, b) => {
      const rows = Math.floor(numbers.length / width);
      const values = Float32Array.from(numbers.slice(0, rows * width));
      const path = file();
      await writeNpy(path, [rows, width], chunked(values, rowsPerChunk * width));
      const reader = await openNpy(path);
      const [start, end] = [a % (rows + 1), b % (rows + 1)].sort((x, y) => x - y) as [number, number];
      assert.deepEqual(reader.shape, [rows, width]);
      assert.deepEqual(await reader.rows({ start, end }), values.slice(start * width, end * width));
      await reader.close();
    }), { numRuns: 40 });
  });

  it('refuse too few or too many rows, and chunks that cut a row', async () => {
    await assert.rejects(writeNpy(file(), [2, 2], chunked(Float32Array.of(1, 2), 2)), code('INVALID_DATA'));
    await assert.rejects(writeNpy(file(), [1, 2], chunked(Float32Array.of(1, 2, 3, 4), 2)), code('INVALID_DATA'));
    await assert.rejects(writeNpy(file(), [2, 2], chunked(Float32Array.of(1, 2, 3, 4), 1)), code('INVALID_DATA'));
  });

  it('are refused when cut short, too long or of another kind', async () => {
    const path = file();
    await writeNpy(path, [2, 2], chunked(Float32Array.of(1, 2, 3, 4), 2));
    await appendFile(path, 'x');
    await assert.rejects(openNpy(path), code('INVALID_DATA'));
    await truncate(path, 130);
    await assert.rejects(openNpy(path), code('INVALID_DATA'));
    await writeFile(path, 'not a NumPy file at all');
    await assert.rejects(openNpy(path), code('INVALID_DATA'));
    await writeNpy(join(folder, 'ok.npy'), [1], chunked(Float32Array.of(1), 1));
    const doubles = (await readFile(join(folder, 'ok.npy'))).toString('latin1').replace('<f4', '<f8');
    await writeFile(path, doubles, 'latin1');
    await assert.rejects(openNpy(path), code('INVALID_DATA'));
  });

  it('store matrices and vectors by reference', async () => {
    const artifacts = createFileArtifactStore(join(folder, 'root'));
    const store = createNpyMatrixStore(artifacts);
    const matrix = { uri: artifacts.uri('a/matrix.npy'), rows: 3, columns: 2 };
    const labels = { uri: artifacts.uri('a/labels.npy'), rows: 3, columns: 0 };
    await store.write(matrix, chunked(Float32Array.of(1, 2, 3, 4, 5, 6), 2));
    await store.write(labels, chunked(Float32Array.of(7, 8, 9), 3));
    assert.deepEqual(await store.read(matrix, { start: 1, end: 3 }), Float32Array.of(3, 4, 5, 6));
    assert.deepEqual(await store.read(labels), Float32Array.of(7, 8, 9));
    await assert.rejects(store.read({ ...matrix, columns: 3 }), code('INVALID_DATA'));
    await assert.rejects(store.read(labels, { start: 2, end: 4 }), code('INVALID_INPUT'));
    await assert.rejects(store.write(matrix, chunked(Float32Array.of(1, 2), 2)), code('INVALID_DATA'));
    assert.deepEqual(await store.read(matrix, { start: 0, end: 1 }), Float32Array.of(1, 2));
  });
});
