import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { RowRange } from '../../domain/data/dataset-ref.ts';
import { PipelineError } from '../../domain/errors.ts';

/** [rows, columns], or [rows] for a vector. */
export type NpyShape = readonly [number] | readonly [number, number];

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** Bytes before the values are a multiple of this, so that they can be mapped into memory. */
const ALIGNMENT = 64;

/**
 * Writes little-endian float32 in C order as NumPy's NPY format, version 1.0 (numpy.lib.format). The shape is known up front; chunks hold whole rows and are written as they come.
 * INVALID_DATA when they hold another number of rows than the shape says.
 */
export async function writeNpy(path: string, shape: NpyShape, chunks: AsyncIterable<Float32Array>): Promise<void> {
  const width = shape[1] ?? 1;
  const file = await open(path, 'wx');
  try {
    await file.writeFile(npyHeader(shape));
    let values = 0;
    for await (const chunk of chunks) {
      if (width > 0 && chunk.length % width !== 0) throw new PipelineError('INVALID_DATA', `A chunk of ${chunk.length} values does not hold whole rows of ${width}.`);
      values += chunk.length;
      if (values > shape[0] * width) break;
      await file.writeFile(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    }
    if (values !== shape[0] * width) throw new PipelineError('INVALID_DATA', `A matrix of ${shape[0]} rows and ${width} columns got ${values > shape[0] * width ? 'more values than it holds' : `only ${values} values`}.`);
  } finally {
    await file.close();
  }
}

export interface NpyReader {
  readonly shape: NpyShape;
  /** The values of the rows, row by row. Memory holds these rows and no more. */
  rows(range: RowRange): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens an NPY file of versions 1 to 3. INVALID_DATA when it is cut short, or holds anything but little-endian float32 in C order with one or two dimensions. */
export async function openNpy(path: string): Promise<NpyReader> {
  const file = await open(path, 'r');
  try {
    const { shape, dataStart } = await readHeader(file, path);
    const width = shape[1] ?? 1;
    const { size } = await file.stat();
    if (size !== dataStart + shape[0] * width * 4) throw new PipelineError('INVALID_DATA', `${path} has ${size} bytes, not those of ${shape.join(' x ')} values: it was cut short or written by another program.`);
    return {
      shape,
      async rows({ start, end }) {
        if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > shape[0]) throw new PipelineError('INVALID_INPUT', `Rows ${start} to ${end} cannot be read: ${path} has ${shape[0]} rows.`);
        const values = new Float32Array((end - start) * width);
        await readFully(file, new Uint8Array(values.buffer), dataStart + start * width * 4, path);
        return values;
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function npyHeader(shape: NpyShape): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.length === 1 ? `${shape[0]},` : shape.join(', ')}), }`;
  const length = Math.ceil((MAGIC.length + 4 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(length, ' ');
  MAGIC.copy(header);
  header[6] = 1;
  header[7] = 0;
  header.writeUInt16LE(length - 10, 8);
  header.write(text, 10, 'latin1');
  header[length - 1] = 0x0a;
  return header;
}

async function readHeader(file: FileHandle, path: string): Promise<{ readonly shape: NpyShape; readonly dataStart: number }> {
  const start = Buffer.alloc(12);
  await readFully(file, start, 0, path);
  const version = start[6]!;
  if (!start.subarray(0, 6).equals(MAGIC) || version < 1 || version > 3) throw new PipelineError('INVALID_DATA', `${path} is no NumPy file.`);
  // The length of the header takes two bytes in version 1, four since version 2.
  const headerStart = version === 1 ? 10 : 12;
  const header = Buffer.alloc(version === 1 ? start.readUInt16LE(8) : start.readUInt32LE(8));
  await readFully(file, header, headerStart, path);
  const text = header.toString('latin1');
  const shape = (/'shape': *\(([^)]*)\)/.exec(text)?.[1] ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '').map(Number);
  const fits = /'descr': *'<f4'/.test(text) && /'fortran_order': *False/.test(text) && (shape.length === 1 || shape.length === 2) && shape.every(Number.isSafeInteger);
  if (!fits) throw new PipelineError('INVALID_DATA', `${path} does not hold little-endian float32 in C order with one or two dimensions.`);
  return { shape: shape as unknown as NpyShape, dataStart: headerStart + header.length };
}

async function readFully(file: FileHandle, into: Uint8Array, position: number, path: string): Promise<void> {
  for (let done = 0; done < into.length;) {
    // One read takes at most 2 GB.
    const { bytesRead } = await file.read(into, done, Math.min(into.length - done, 1 << 30), position + done);
    if (bytesRead === 0) throw new PipelineError('INVALID_DATA', `${path} ends before its last value.`);
    done += bytesRead;
  }
}
