import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createFileArtifactStore } from '../../adapters/file/artifact-store.ts';
import { createParquetDatasetStore } from '../../adapters/parquet/dataset-store.ts';
import { columnOfValues } from '../../domain/data/column-of-values.ts';
import type { ColumnSchema, ColumnType } from '../../domain/data/columns.ts';
import { PRIMITIVE_TYPES } from '../../domain/features/value-types.ts';
import type { FeatureValue, PrimitiveType, ScalarValue } from '../../domain/features/value-types.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PYTHON = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'interop', 'bin', 'python');
const SCRIPT = join(ROOT, 'test', 'interop', 'parquet', 'read_parquet.py');

/** Two values of each type, and the type that pyarrow sees. */
const SAMPLES: Readonly<Record<PrimitiveType, readonly [string, ScalarValue, ScalarValue]>> = {
  Bytes: ['binary', Uint8Array.of(0, 255), new Uint8Array(0)],
  String: ['string', 'Perú 🛫', ''],
  Int32: ['int32', -(2 ** 31), 5],
  Int64: ['int64', -1n, 2n ** 53n],
  Float64: ['double', 0.1, -1e300],
  Float32: ['float', Math.fround(0.1), 1.5],
  Bool: ['bool', true, false],
  UnixTimestamp: ['timestamp[us, tz=UTC]', 1_793_534_400, -1],
  Decimal: ['string', '12345678901234567890.5', '-1'],
  Uuid: ['string', '0f8fad5b-d9cb-469f-a165-70867728950e', '00000000-0000-0000-0000-000000000000'],
  Json: ['string', '{"a": 1}', 'null'],
};

describe('Data sets, read by pyarrow', function () {
  this.timeout(60_000);
  let folder: string;
  before(async function () {
    if (!existsSync(PYTHON)) {
      if (process.env['CI'] === 'true') throw new Error(`There is no ${PYTHON}: run scripts/install_tools.sh interop`);
      return this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), 'pyarrow-'));
  });
  after(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it('have every type, and lists of it that may be empty or missing', async () => {
    const columns = PRIMITIVE_TYPES.flatMap((type): (readonly [ColumnType, string, readonly FeatureValue[]])[] => {
      const [arrow, one, two] = SAMPLES[type];
      return [[type, arrow, [one, null, two, two]], [`Array(${type})`, `list<element: ${arrow} not null>`, [[one, two], [], null, [two]]]];
    });
    const schema = columns.map(([type], i): ColumnSchema => ({ name: `c${i}`, type }));
    const artifacts = createFileArtifactStore(folder);
    async function* batches() {
      yield { rowCount: 4, columns: columns.map(([, , values], i) => columnOfValues(schema[i]!, values)) };
    }
    const uri = artifacts.uri('all.parquet');
    await createParquetDatasetStore(artifacts).write(uri, schema, batches());
    const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, fileURLToPath(uri)]);
    const found = JSON.parse(stdout) as Record<string, { type: string; values: unknown[] }>;
    for (const [i, [type, arrow, values]] of columns.entries()) {
      assert.deepEqual(found[`c${i}`], { type: arrow, values: values.map((value) => plain(type, value)) }, type);
    }
  });
});

function plain(type: ColumnType, value: FeatureValue): unknown {
  if (Array.isArray(value)) return value.map((item: ScalarValue) => plain(type, item));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'bigint') return Number(value);
  return /UnixTimestamp/.test(type) && value !== null ? (value as number) * 1_000_000 : value;
}
