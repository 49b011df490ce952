import type { ColumnChunk, Encoding } from 'hyparquet';
import type { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import type { ScalarColumn } from '../../domain/data/columns.ts';
import { dictionaryOfTexts, dictionaryOfWords, plainTexts } from './dictionary-codes.ts';
import type { DictionaryCodes } from './dictionary-codes.ts';
import { wordValues } from './flat-values.ts';
import { encodeHybrid } from './hybrid-encoding.ts';
import { physicalType } from './schema.ts';

/** Values of a page before compression: readers hold one in memory. */
const PAGE_BYTES = 1 << 20;

/** The values that are there, encoded. */
interface EncodedValues {
  readonly bytes: Uint8Array;
  readonly encoding: Encoding;
  readonly dictionary?: DictionaryCodes;
}

/**
 * Writes one row group of an optional column with single values, straight from its typed array: a dictionary where values repeat, else PLAIN; one page; Snappy.
 * undefined, and nothing written, for what does not fit one page.
 */
export function writeFlatColumn(writer: ByteWriter, column: ScalarColumn): ColumnChunk | undefined {
  const encoded = encodeValues(column);
  if (encoded === undefined || encoded.bytes.length > PAGE_BYTES) return undefined;
  const rows = column.values.length;
  const [start, page] = [writer.offset, encodePage(column, encoded)];
  const dictionary = encoded.dictionary === undefined ? undefined : { size: encoded.dictionary.size, plain: encoded.dictionary.plain, compressed: snappyCompress(encoded.dictionary.plain) };
  let uncompressed = 0;
  const write = (parts: readonly Uint8Array[], plainBytes: number, header: object): void => {
    const before = writer.offset;
    const compressedBytes = parts.reduce((sum, part) => sum + part.length, 0);
    writePageHeader(writer, { uncompressed_page_size: plainBytes, compressed_page_size: compressedBytes, ...header } as Parameters<typeof writePageHeader>[1]);
    uncompressed += writer.offset - before + plainBytes;
    for (const part of parts) writer.appendBytes(part);
  };
  if (dictionary !== undefined) write([dictionary.compressed], dictionary.plain.length, { type: 'DICTIONARY_PAGE', dictionary_page_header: { num_values: dictionary.size, encoding: 'PLAIN' } });
  const dataOffset = writer.offset;
  write([page.levels, page.compressed], page.levels.length + encoded.bytes.length, {
    type: 'DATA_PAGE_V2',
    data_page_header_v2: { num_values: rows, num_nulls: page.missing, num_rows: rows, encoding: encoded.encoding, definition_levels_byte_length: page.levels.length, repetition_levels_byte_length: 0, is_compressed: true },
  });
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: physicalType(column.type), encodings: dictionary === undefined ? [encoded.encoding] : ['PLAIN', encoded.encoding], path_in_schema: [column.name], codec: 'SNAPPY', num_values: BigInt(rows),
      total_uncompressed_size: BigInt(uncompressed), total_compressed_size: BigInt(writer.offset - start), data_page_offset: BigInt(dataOffset),
      ...(dictionary === undefined ? {} : { dictionary_page_offset: BigInt(start) }),
    },
  };
}

function encodePage({ values, nulls }: ScalarColumn, { bytes }: EncodedValues): { readonly levels: Uint8Array; readonly missing: number; readonly compressed: Uint8Array } {
  const present = new Uint8Array(values.length).fill(1);
  let missing = 0;
  if (nulls !== null) {
    for (let row = 0; row < nulls.length; row++) {
      missing += nulls[row]!;
      present[row] = 1 - nulls[row]!;
    }
  }
  return { levels: encodeHybrid(present, 1), missing, compressed: snappyCompress(bytes) };
}

function encodeValues(column: ScalarColumn): EncodedValues | undefined {
  switch (column.type) {
    case 'Bool': return { bytes: packBits(column.values, column.nulls), encoding: 'PLAIN' };
    case 'Bytes': return undefined;
    case 'String': case 'Decimal': case 'Uuid': case 'Json': {
      const texts = column.nulls === null ? column.values : column.values.filter((_, row) => column.nulls![row] !== 1);
      return encodeCodes(dictionaryOfTexts(texts)) ?? { bytes: plainTexts(texts), encoding: 'PLAIN' };
    }
    case 'Int32': case 'Int64': case 'Float32': case 'Float64': case 'UnixTimestamp': case 'Timestamp': {
      const values = wordValues(column)!;
      const { buffer, byteOffset, byteLength } = values.words;
      return encodeCodes(dictionaryOfWords(values)) ?? { bytes: new Uint8Array(buffer, byteOffset, byteLength), encoding: 'PLAIN' };
    }
  }
}

function encodeCodes(dictionary: DictionaryCodes | undefined): EncodedValues | undefined {
  if (dictionary === undefined) return undefined;
  const bitWidth = Math.ceil(Math.log2(Math.max(dictionary.size, 1)));
  const codes = encodeHybrid(dictionary.codes, bitWidth);
  const bytes = new Uint8Array(1 + codes.length);
  bytes[0] = bitWidth;
  bytes.set(codes, 1);
  return { bytes, encoding: 'RLE_DICTIONARY', dictionary };
}

function packBits(values: Uint8Array, nulls: Uint8Array | null): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 8));
  let count = 0;
  for (let row = 0; row < values.length; row++) {
    if (nulls !== null && nulls[row] === 1) continue;
    bytes[count >>> 3]! |= values[row]! << (count & 7);
    count++;
  }
  return bytes.subarray(0, Math.ceil(count / 8));
}
