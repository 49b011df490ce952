import { stat } from 'node:fs/promises';
import { columnOfValues } from '../../domain/data/column-of-values.ts';
import type { ColumnSchema, ColumnType, RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { FeatureValue, JoinKeyType } from '../../domain/features/value-types.ts';
import type { Micros } from '../../domain/instant.ts';
import { suggestion } from '../../domain/nearest.ts';
import { readCsv } from './csv.ts';
import { openParquetSpine } from './parquet-spine.ts';
import { SpineValues } from './spine-values.ts';

export interface SpineFileRequest {
  readonly path: string;
  readonly timestampColumn: string;
  /** Columns that must be there, with the types of the join keys that they hold. */
  readonly keys: ReadonlyMap<string, JoinKeyType>;
  /** No row may be later. */
  readonly asOfMicros: Micros;
}

/** A spine file: the schema, and the rows in batches, as often as they are asked for. */
export interface SpineFile {
  readonly schema: readonly ColumnSchema[];
  rows(): AsyncIterable<RecordBatch>;
}

/** Rows as a file gives them: cells in the order of the columns. */
export interface RawSpine {
  readonly names: readonly string[];
  /** Types that the file declares; undefined where it holds text of any kind. */
  readonly types: readonly (ColumnType | undefined)[];
  rows(): AsyncIterable<readonly (readonly unknown[])[]>;
}

/**
 * Opens a CSV (with a header) or Parquet file as a spine, and reads it once to check it: join keys and instants must be there and fit (INVALID_DATA with the numbers of the rows; a text that is an
 * instant names its zone; a Parquet timestamp without one is UTC). Other columns are request columns; those of a CSV file become Int64, Float64, Bool or String, whichever first fits all of their values.
 */
export async function openSpineFile(request: SpineFileRequest): Promise<SpineFile> {
  const { path } = request;
  await stat(path).catch((error: unknown) => { throw new PipelineError('NOT_FOUND', `There is no file ${path}.`, { cause: error }); });
  const raw = path.endsWith('.parquet') ? await openParquetSpine(path) : await openCsvSpine(path);
  refuseMissingColumns(request, raw.names);
  const types = await checkedTypes(request, raw);
  const schema = raw.names.map((name, i) => ({ name, type: types[i]! }));
  return {
    schema,
    async *rows() {
      let row = 1;
      const values = new SpineValues(request.asOfMicros);
      for await (const records of raw.rows()) {
        yield { rowCount: records.length, columns: schema.map((column, i) => columnOfValues(column, records.map((record, at) => cell(values, column, record[i], row + at, request)))) };
        row += records.length;
      }
      values.refuse(path); // a file that changed since it was checked
    },
  };
}

function cell(values: SpineValues, { name, type }: ColumnSchema, raw: unknown, row: number, { timestampColumn }: SpineFileRequest): FeatureValue {
  const given = type === 'Bool' && typeof raw === 'string' ? raw.toLowerCase() === 'true' : raw;
  return values.value(name, type, given, row, name === timestampColumn);
}

async function openCsvSpine(path: string): Promise<RawSpine> {
  let names: readonly string[] = [];
  for await (const [header] of readCsv(path)) {
    names = (header ?? []).map((name) => name ?? '');
    break;
  }
  return {
    names, types: names.map(() => undefined),
    async *rows() {
      let skip = 1;
      let row = 0;
      for await (const records of readCsv(path)) {
        const odd = records.findIndex((record) => record.length !== names.length);
        if (odd >= 0) throw new PipelineError('INVALID_DATA', `${path}, row ${row + odd + 1 - skip}: it has ${records[odd]!.length} fields; the header has ${names.length}.`);
        yield records.slice(skip);
        row += records.length - skip;
        skip = 0;
      }
    },
  };
}

function refuseMissingColumns({ path, timestampColumn, keys }: SpineFileRequest, names: readonly string[]): void {
  const repeated = names.filter((name, i) => name === '' || names.indexOf(name) !== i);
  refuseProblems('INVALID_DATA', `${path} is no usable spine; nothing was written.`, [
    ...[timestampColumn, ...keys.keys()].filter((name) => !names.includes(name)).map((name) => ({ path: `column ${name}`, message: 'the file does not have it.', cure: suggestion(name, names) })),
    ...repeated.map((name) => ({ path: `column ${JSON.stringify(name)}`, message: 'the file has it twice, or without a name.', cure: 'Give each column a name of its own.' })),
  ]);
}

const GUESSES = ['Int64', 'Float64', 'Bool', 'String'] as const;
const FITS: Readonly<Record<(typeof GUESSES)[number], (text: string) => boolean>> = {
  Int64: (text) => /^-?(0|[1-9]\d{0,17})$/.test(text), // 007 and numbers of 19 digits stay text
  Float64: (text) => /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && !/^-?0\d/.test(text),
  Bool: (text) => /^(true|false)$/i.test(text),
  String: () => true,
};

/** Reads the file once: the types of columns that have none, and every key and instant that does not fit. */
async function checkedTypes(request: SpineFileRequest, raw: RawSpine): Promise<readonly ColumnType[]> {
  const { timestampColumn, keys, asOfMicros, path } = request;
  const fixed = raw.names.map((name, i): ColumnType | undefined => (name === timestampColumn ? 'Timestamp' : keys.has(name) ? (keys.get(name) === 'UnixTimestamp' ? 'Timestamp' : keys.get(name)) : raw.types[i]));
  const guesses = raw.names.map(() => 0);
  const values = new SpineValues(asOfMicros);
  let row = 1;
  for await (const records of raw.rows()) {
    for (const record of records) {
      for (const [i, name] of raw.names.entries()) {
        const given = record[i];
        if (fixed[i] !== undefined) cell(values, { name, type: fixed[i] }, given, row, request);
        else if (typeof given === 'string') while (!FITS[GUESSES[guesses[i]!]!](given)) guesses[i]!++;
      }
      row++;
    }
  }
  values.refuse(path);
  return fixed.map((type, i) => type ?? GUESSES[guesses[i]!]!);
}
