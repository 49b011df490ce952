import { open } from 'node:fs/promises';
import type { RowRange } from '../../domain/data/dataset-ref.ts';
import { PipelineError } from '../../domain/errors.ts';

export interface NpyFile {
  readonly shape: readonly number[];
  /** The rows' values, read into one array. */
  rows(range: RowRange): Promise<Float32Array>;
  close(): Promise<void>;
}

const READ_BYTES = 1 << 26;

/** Opens a NumPy file (format versions 1 to 3) of little-endian float32 in C order. INVALID_DATA when it is something else. */
export async function openNpy(path: string): Promise<NpyFile> {
  const file = await open(path, 'r');
  try {
    const start = Buffer.alloc(12);
    await file.read(start, 0, 12, 0);
    const long = (start[6] ?? 0) >= 2;
    const headerStart = long ? 12 : 10;
    const headerLength = long ? start.readUInt32LE(8) : start.readUInt16LE(8);
    const header = Buffer.alloc(start.toString('latin1', 1, 6) === 'NUMPY' ? headerLength : 0);
    await file.read(header, 0, header.length, headerStart);
    const shape = parseShape(header.toString('latin1'), path);
    const width = shape.slice(1).reduce((product, size) => product * size, 1);
    const dataStart = headerStart + headerLength;
    return {
      shape,
      rows: async ({ start: first, end }) => {
        const values = new Float32Array((end - first) * width);
        const bytes = new Uint8Array(values.buffer);
        for (let done = 0; done < bytes.length; ) {
          const { bytesRead } = await file.read(bytes, done, Math.min(READ_BYTES, bytes.length - done), dataStart + first * width * 4 + done);
          if (bytesRead === 0) throw new PipelineError('INVALID_DATA', `${path} is cut short: it ends before row ${end}.`);
          done += bytesRead;
        }
        return values;
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function parseShape(header: string, path: string): readonly number[] {
  const shape = /'shape': *\(([^)]*)\)/.exec(header)?.[1];
  if (shape === undefined || !/'descr': *'<f4'/.test(header) || !/'fortran_order': *False/.test(header)) throw new PipelineError('INVALID_DATA', `${path} is not a NumPy file of little-endian float32 in C order.`);
  return shape.split(',').filter((part) => part.trim() !== '').map(Number);
}
