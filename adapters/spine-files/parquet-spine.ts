import { open } from 'node:fs/promises';
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import type { AsyncBuffer, ParquetParsers, SchemaElement } from 'hyparquet';
import type { ColumnType } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { RawSpine } from './read-spine-file.ts';

/** Instants as whole microseconds; a file's own fractions of them are dropped. */
const PARSERS = {
  timestampFromMilliseconds: (millis: bigint) => millis * 1000n,
  timestampFromMicroseconds: (micros: bigint) => micros,
  timestampFromNanoseconds: (nanos: bigint) => (nanos - (((nanos % 1000n) + 1000n) % 1000n)) / 1000n,
} as unknown as Partial<ParquetParsers>;
const PARTS = 10_000;

/** A Parquet file of single values, whoever wrote it. */
export async function openParquetSpine(path: string): Promise<RawSpine> {
  const metadata = await withFile(path, (file) => parquetMetadataAsync(file)).catch((error: unknown) => {
    throw new PipelineError('INVALID_DATA', `${path} is no Parquet file.`, { cause: error });
  });
  const elements = metadata.schema.slice(1);
  const types = elements.map(typeOf);
  const odd = elements.filter((_, i) => types[i] === undefined);
  if (odd.length > 0) throw new PipelineError('INVALID_DATA', `${path} is no usable spine: column ${odd.map(({ name }) => name).join(', ')} holds neither numbers, text, bytes, booleans nor instants. Leave it out.`);
  const names = elements.map(({ name }) => name);
  return {
    names, types,
    async *rows() {
      const count = Number(metadata.num_rows);
      for (let start = 0; start < count; start += PARTS) {
        const records = await withFile(path, (file) => parquetReadObjects({ file, metadata, parsers: PARSERS as ParquetParsers, rowStart: start, rowEnd: Math.min(count, start + PARTS) })).catch((error: unknown) => {
          const codec = error instanceof Error ? /unsupported compression codec: (\w+)/.exec(error.message)?.[1] : undefined;
          throw new PipelineError('INVALID_DATA', codec === undefined ? `${path} is a broken Parquet file.` : `${path} is compressed by ${codec}. Write it with Snappy, or without compression.`, { cause: error });
        });
        yield records.map((record) => names.map((name) => (record as Readonly<Record<string, unknown>>)[name] ?? null));
      }
    },
  };
}

function typeOf({ type, converted_type: converted, logical_type: logical, num_children: children }: SchemaElement): ColumnType | undefined {
  if (children !== undefined && children > 0) return undefined;
  if (logical?.type === 'TIMESTAMP' || converted === 'TIMESTAMP_MICROS' || converted === 'TIMESTAMP_MILLIS') return 'Timestamp';
  if (converted !== undefined && !/^(UTF8|INT_8|INT_16|INT_32|INT_64|JSON|ENUM)$/.test(converted)) return undefined;
  switch (type) {
    case 'BOOLEAN': return 'Bool';
    case 'INT32': return 'Int32';
    case 'INT64': return 'Int64';
    case 'FLOAT': return 'Float32';
    case 'DOUBLE': return 'Float64';
    case 'BYTE_ARRAY': return converted === undefined && logical === undefined ? 'Bytes' : 'String';
    default: return undefined;
  }
}

async function withFile<T>(path: string, use: (file: AsyncBuffer) => Promise<T> | T): Promise<T> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    return await use({
      byteLength: size,
      async slice(start, end = size) {
        const bytes = new Uint8Array(end - start);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
        return bytes.buffer.slice(0, bytesRead);
      },
    });
  } finally {
    await handle.close();
  }
}
