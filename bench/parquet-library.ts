/**
 * Which library writes and reads data sets: the store as it is (hyparquet, hyparquet-writer) against DuckDB (`@duckdb/node-api`), on the same 327,346 rows of 22 columns.
 * Both start from and end in typed column arrays, since that is what the pipeline has. Each run is a process of its own, so that its peak memory is its own.
 *
 *     node --import tsx bench/parquet-library.ts [rows]
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as Duckdb from '@duckdb/node-api';
import type { Column, ColumnSchema, ColumnType, RecordBatch } from '../domain/data/columns.ts';

const TYPES: readonly ColumnType[] = ['String', 'String', 'String', 'Timestamp', ...Array<ColumnType>(11).fill('Float64'), ...Array<ColumnType>(4).fill('Int64'), ...Array<ColumnType>(2).fill('Float32'), 'Bool'];
const SCHEMA: readonly ColumnSchema[] = TYPES.map((type, i) => ({ name: `c${i}_${type.toLowerCase()}`, type }));
const BATCH_ROWS = 8192;

interface Outcome { readonly seconds: number; readonly cpuSeconds: number; readonly peakMegabytes: number; readonly bytes?: number; readonly checksum?: number }

const LIBRARIES = {
  hyparquet: {
    async write(path: string, rows: number): Promise<void> {
      const { writeParquetFile } = await import('../adapters/parquet/write-dataset.ts');
      await writeParquetFile(path, SCHEMA, generate(rows));
    },
    async *read(path: string, rows: number): AsyncGenerator<RecordBatch> {
      const { readParquetFile } = await import('../adapters/parquet/read-dataset.ts');
      yield* readParquetFile(path, { uri: pathToFileURL(path).href, rowCount: rows, schema: SCHEMA, hash: '' }, SCHEMA, { start: 0, end: rows });
    },
  },
  duckdb: {
    async write(path: string, rows: number): Promise<void> {
      const duckdb = await import('@duckdb/node-api');
      const connection = await (await duckdb.DuckDBInstance.create(':memory:', { threads: '2' })).connect();
      await connection.run("SET TimeZone = 'UTC'");
      const natives = { String: duckdb.VARCHAR, Timestamp: duckdb.TIMESTAMPTZ, Float64: duckdb.DOUBLE, Int64: duckdb.BIGINT, Float32: duckdb.FLOAT, Bool: duckdb.BOOLEAN } as const;
      const types = TYPES.map((type) => natives[type as keyof typeof natives]);
      await connection.run(`CREATE TABLE t (${SCHEMA.map(({ name }, i) => `${name} ${types[i]!.toString()}`).join(', ')})`);
      const appender = await connection.createAppender('t');
      for await (const batch of generate(rows)) {
        for (let start = 0; start < batch.rowCount; start += 2048) {
          const count = Math.min(2048, batch.rowCount - start);
          const chunk = duckdb.DuckDBDataChunk.create(types, count);
          chunk.setColumns(batch.columns.map((column) => Array.from({ length: count }, (_, i) => duckdbValue(duckdb, column, start + i))));
          appender.appendDataChunk(chunk);
        }
      }
      appender.closeSync();
      await connection.run(`COPY t TO '${path}' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 50000)`);
    },
    async *read(path: string): AsyncGenerator<RecordBatch> {
      const duckdb = await import('@duckdb/node-api');
      const connection = await (await duckdb.DuckDBInstance.create(':memory:', { threads: '2' })).connect();
      const result = await connection.stream(`SELECT * FROM read_parquet('${path}')`);
      for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
        const current = chunk;
        yield { rowCount: current.rowCount, columns: SCHEMA.map((column, i) => fromDuckdb(column, current.getColumnValues(i))) };
      }
    },
  },
} as const;

type Library = keyof typeof LIBRARIES;

/** Rows that depend on their number alone: text of few values, numbers with a tenth missing. */
async function* generate(rows: number): AsyncGenerator<RecordBatch> {
  for (let start = 0; start < rows; start += BATCH_ROWS) {
    const rowCount = Math.min(BATCH_ROWS, rows - start);
    yield { rowCount, columns: SCHEMA.map((column, c) => makeColumn(column, c, start, rowCount)) };
  }
}

function makeColumn({ name, type }: ColumnSchema, c: number, start: number, rowCount: number): Column {
  const at = (i: number): number => Math.imul(start + i + 1, 2654435761 + c * 40503) >>> 0;
  const nulls = type === 'Float64' || type === 'Float32' ? Uint8Array.from({ length: rowCount }, (_, i) => (at(i) % 10 === 0 ? 1 : 0)) : null;
  const valueOf: Readonly<Partial<Record<ColumnType, (i: number) => unknown>>> = {
    String: (i) => `N${at(i) % 4000}XY`, Timestamp: (i) => 1.7e15 + (start + i) * 97_000_003, Float64: (i) => (nulls?.[i] === 1 ? 0 : at(i) / 977),
    Float32: (i) => (nulls?.[i] === 1 ? 0 : at(i) / 977), Int64: (i) => BigInt(at(i) % 5000), Bool: (i) => at(i) & 1,
  };
  const values = Array.from({ length: rowCount }, (_, i) => valueOf[type]!(i));
  const arrays = { String: values, Timestamp: () => Float64Array.from(values as number[]), Float64: () => Float64Array.from(values as number[]), Float32: () => Float32Array.from(values as number[]), Int64: () => BigInt64Array.from(values as bigint[]), Bool: () => Uint8Array.from(values as number[]) };
  const made = arrays[type as keyof typeof arrays];
  return { name, type, values: typeof made === 'function' ? made() : made, nulls } as unknown as Column;
}

function duckdbValue(duckdb: typeof Duckdb, { type, values, nulls }: Column, i: number): Duckdb.DuckDBValue {
  if (nulls?.[i] === 1) return null;
  if (type === 'Timestamp') return new duckdb.DuckDBTimestampTZValue(BigInt(values[i]!));
  return type === 'Bool' ? values[i] === 1 : (values[i] as string | number | bigint);
}

function fromDuckdb({ name, type }: ColumnSchema, values: readonly unknown[]): Column {
  const nulls = values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : null;
  if (type === 'String') return { name, type, nulls, values: values as string[] };
  if (type === 'Int64') return { name, type, nulls, values: BigInt64Array.from(values as bigint[]) };
  if (type === 'Timestamp') return { name, type, nulls, values: Float64Array.from((values as readonly { micros: bigint }[]).map(({ micros }) => Number(micros))) };
  const bits = Float64Array.from(values as number[], Number);
  return { name, type, nulls, values: type === 'Float64' ? bits : type === 'Float32' ? Float32Array.from(bits) : Uint8Array.from(bits) } as Column;
}

/** Adds up the values, so that every one is looked at and both libraries can be compared. */
function checksum(batch: RecordBatch): number {
  return batch.columns.reduce((sum, { type, values, nulls }) => {
    if (type === 'String') return sum + (values as readonly string[]).reduce((total, text) => total + text.length, 0);
    let total = 0;
    for (let i = 0; i < values.length; i++) if (nulls?.[i] !== 1) total += Number(values[i]) % 1000;
    return sum + total;
  }, 0);
}

async function measure(library: Library, what: string, path: string, rows: number): Promise<Outcome> {
  const start = performance.now();
  const before = process.cpuUsage();
  let sum = 0;
  if (what === 'generate') for await (const batch of generate(rows)) sum += batch.rowCount;
  else if (what === 'write') await LIBRARIES[library].write(path, rows);
  else for await (const batch of LIBRARIES[library].read(path, rows)) sum += checksum(batch);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpuSeconds: (user + system) / 1e6, peakMegabytes: process.resourceUsage().maxRSS / 1024, checksum: sum };
}

function inProcess(...args: string[]): Outcome {
  const result = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...args], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout) as Outcome;
}

async function main(rows: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parquet-bench-'));
  try {
    const generating = inProcess('--run', 'hyparquet', 'generate', '-', String(rows));
    console.log(`${rows} rows x ${SCHEMA.length} columns; making the rows takes ${generating.seconds.toFixed(2)} s (CPU ${generating.cpuSeconds.toFixed(2)} s), which is taken off the time of writing\n`);
    console.log('| library | step | seconds | CPU seconds | rows/s | peak memory MB | file MB | checksum |\n| --- | --- | --- | --- | --- | --- | --- | --- |');
    for (const library of Object.keys(LIBRARIES) as Library[]) {
      for (const step of ['write', 'read']) {
        const path = join(folder, `${library}.parquet`);
        const outcome = inProcess('--run', library, step, path, String(rows));
        const seconds = outcome.seconds - (step === 'write' ? generating.seconds : 0);
        const cpu = outcome.cpuSeconds - (step === 'write' ? generating.cpuSeconds : 0);
        console.log(`| ${library} | ${step} | ${seconds.toFixed(2)} | ${cpu.toFixed(2)} | ${Math.round(rows / seconds)} | ${Math.round(outcome.peakMegabytes)} | ${((await stat(path)).size / 1e6).toFixed(1)} | ${step === 'read' ? outcome.checksum!.toFixed(3) : ''} |`);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const [first, library, step, path, count] = process.argv.slice(2);
if (first === '--run') console.log(JSON.stringify(await measure(library as Library, step!, path!, Number(count))));
else await main(Number(first ?? 327_346));
