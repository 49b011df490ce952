import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue, ScalarValue, ValueType } from '../../domain/features/value-types.ts';
import { openRedisHarness } from '../adapters/redis/harness.ts';
import type { RedisHarness } from '../adapters/redis/harness.ts';
import { testBatch, testView } from '../contracts/online-rows.ts';
import type { OnlineTestRow } from '../contracts/online-rows.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PYTHON = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'feast', 'bin', 'python');
const CLIENT = join(ROOT, 'test', 'interop', 'feast', 'online_client.py');
const EVENT = 1_793_534_400_123_456;

const USER = [{ name: 'user_id', type: 'Int64' }] as const;
/** The views that online_client.py defines. */
const EVERY_TYPE = testView('every_type', USER, [
  { name: 'f_bytes', type: 'Bytes' },
  { name: 'f_string', type: 'String' },
  { name: 'f_int32', type: 'Int32' },
  { name: 'f_int64', type: 'Int64' },
  { name: 'f_float64', type: 'Float64' },
  { name: 'f_float32', type: 'Float32' },
  { name: 'f_bool', type: 'Bool' },
  { name: 'f_time', type: 'UnixTimestamp' },
]);
const EVERY_LIST = testView('every_list', USER, [
  { name: 'l_string', type: 'Array(String)' },
  { name: 'l_int32', type: 'Array(Int32)' },
  { name: 'l_int64', type: 'Array(Int64)' },
  { name: 'l_float64', type: 'Array(Float64)' },
  { name: 'l_float32', type: 'Array(Float32)' },
  { name: 'l_bool', type: 'Array(Bool)' },
  { name: 'l_bytes', type: 'Array(Bytes)' },
  { name: 'l_time', type: 'Array(UnixTimestamp)' },
  { name: 'l_decimal', type: 'Array(Decimal)' },
  { name: 'l_uuid', type: 'Array(Uuid)' },
  { name: 'l_json', type: 'Array(Json)' },
]);
const EVERY_TEXT = testView('every_text', USER, [
  { name: 't_decimal', type: 'Decimal' },
  { name: 't_uuid', type: 'Uuid' },
  { name: 't_json', type: 'Json' },
]);
const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const USER_ITEM = testView('user_item', [...USER, { name: 'item_id', type: 'String' }], [{ name: 'n', type: 'Int64' }]);

/** Rows that both sides write. 2^53 + 1 and the like stay out of what travels as JSON to Python. */
const ROWS: readonly (readonly [FeatureViewSnapshot, readonly OnlineTestRow[]])[] = [
  [
    EVERY_TYPE,
    [
      { key: [1n], values: [Uint8Array.of(0, 255), 'Perú 🛫', -7, -1n, 0.1, Math.fround(0.1), false, 1_793_534_400], event: EVENT },
      { key: [-2n], values: [Uint8Array.of(1), 'x', 0, 0n, -0.5, 1.5, true, -1], event: EVENT - 123_456 },
      { key: [3n], values: [null, null, 5, null, null, null, null, null], event: EVENT },
      { key: [4n], values: [Uint8Array.of(1), 'before 1970', 2 ** 31 - 1, 2n ** 50n, 1e300, -0.25, true, 0], event: -86_400_000_001 },
    ],
  ],
  [USER_ITEM, [{ key: [1n, 'sku-ñ'], values: [5n], event: EVENT }]],
  [
    EVERY_LIST,
    [
      {
        key: [1000n],
        values: [['a', 'ñ', ''], [1, -1], [1n, -1n], [0.5, -1], [1.5, 0.25], [true, false], [Uint8Array.of(0, 255), Uint8Array.of(1)], [1_793_534_400, -1], ['12345678901234567890.5', '-1'], [UUID], ['{"a":1}', '[]']],
        event: EVENT,
      },
      { key: [1001n], values: EVERY_LIST.features.map(({ name }) => (name === 'l_int32' ? [] : null)), event: EVENT },
    ],
  ],
  [
    EVERY_TEXT,
    [
      { key: [2001n], values: ['12345678901234567890.12345', UUID, '{"b": [1, null], "a":"ñ"}'], event: EVENT },
      { key: [2002n], values: ['-0.5', UUID, '"text"'], event: EVENT },
      { key: [2003n], values: [null, UUID, null], event: EVENT },
    ],
  ],
];

/** Only we write NaN: Feast stores null for it. */
const NOT_A_NUMBER = [EVERY_TYPE, [{ key: [5n], values: [null, null, null, null, Number.NaN, Number.NaN, null, null], event: EVENT }]] as const satisfies (typeof ROWS)[number];

describe("Feast's Python SDK and the online store", function () {
  this.timeout(120_000); // importing Feast takes seconds
  let ours: RedisHarness;
  let theirs: RedisHarness;
  const folders: string[] = [];

  before(async function () {
    if (!existsSync(PYTHON)) {
      if (process.env['CI'] === 'true') throw new Error(`There is no ${PYTHON}: run scripts/install_tools.sh feast`);
      return this.skip();
    }
    ours = await openRedisHarness();
    theirs = await openRedisHarness();
    const store = ours.connect(3600);
    for (const [view, rows] of [...ROWS, NOT_A_NUMBER]) await store.write(view, testBatch(view, rows));
    const written = Object.fromEntries(ROWS.map(([view, rows]) => [view.name, rows.map((row) => pythonRow(view, row))]));
    await python(theirs, 'write', written);
  });
  after(async () => {
    for (const harness of [ours, theirs] as (RedisHarness | undefined)[]) await harness?.close();
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });

  it('write the same keys and the same bytes in every field for the same rows', async () => {
    for (const [view, rows] of ROWS) {
      for (const { key } of rows) {
        const [mine, feasts] = [await hash(ours, ours.keyOf(view, key), view), await hash(theirs, theirs.keyOf(view, key), view)];
        assert.equal(Object.keys(feasts).length, view.features.length + 1, `Feast wrote ${view.name} ${key.join()} under the key that we expect`);
        assert.deepEqual(mine, feasts, `${view.name} ${key.join()}`);
      }
    }
  });

  it('read by Feast what we wrote, NaN too', async () => {
    const written = ROWS.map(([view, rows]) => [view, view === EVERY_TYPE ? [...rows, ...NOT_A_NUMBER[1]] : rows] as const);
    const answer = await python(ours, 'read', Object.fromEntries(written.map(([view, rows]) => [view.name, [...rows, absentRow(view)].map((row) => pythonKey(view, row))])));
    for (const [view, rows] of written) {
      view.features.forEach(({ name, type }, index) => {
        const expected = [...rows.map((row) => asRead(type, row.values[index] as FeatureValue)), null];
        assert.deepEqual(answer[view.name]?.[name], expected, `${view.name}:${name}`);
      });
    }
  });

  it('read by us what Feast wrote, with its event timestamps', async () => {
    const store = theirs.connect(3600);
    for (const [view, rows] of ROWS) {
      const [answer] = await store.read([{ view, features: view.features.map(({ name }) => name), entityKeys: rows.map((row) => row.key) }]);
      assert.deepEqual(answer, rows.map((row) => ({ eventTimestampMicros: row.event, values: row.values })));
    }
  });

  it('let the newer row win on both sides, whoever wrote the other one', async () => {
    const view = USER_ITEM;
    const key = [77n, 'both'] as const;
    const write = (event: number, n: bigint) => ours.connect(3600).write(view, testBatch(view, [{ key, values: [n], event, created: EVENT }]));
    const pythonWrites = (event: number, n: bigint) => python(ours, 'write', { user_item: [pythonRow(view, { key, values: [n], event })] });
    const value = async () => (await ours.connect(3600).read([{ view, features: ['n'], entityKeys: [key] }]))[0]?.[0]?.values[0];
    await write(-2_000_000, 1n);
    await pythonWrites(-1_000_000, 2n);
    assert.equal(await value(), 2n);
    assert.equal((await write(-1_000_001, 3n)).written, 0);
    assert.equal((await write(EVENT, 4n)).written, 1);
    await pythonWrites(EVENT - 1, 5n);
    assert.equal(await value(), 4n);
  });

  async function python(harness: RedisHarness, command: 'write' | 'read', input: unknown): Promise<Record<string, Record<string, unknown[]>>> {
    const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-feast-'));
    folders.push(folder);
    await writeFile(join(folder, 'feature_store.yaml'), featureStoreYaml(harness), { mode: 0o600 });
    const child = spawn(PYTHON, ['-W', 'ignore', CLIENT, folder, command], { env: { ...process.env, FEAST_USAGE: 'False' }, stdio: 'pipe' });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => err.push(data));
    child.stdin.end(JSON.stringify(input));
    const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
    if (code !== 0) throw new Error(`${CLIENT} ${command} ended with ${String(code)}:\n${Buffer.concat(err).toString().slice(-4000)}`);
    return JSON.parse(Buffer.concat(out).toString().trimEnd().split('\n').at(-1) ?? '');
  }
});

function featureStoreYaml(harness: RedisHarness): string {
  const { hostname, port, password } = new URL(harness.url);
  return [
    `project: ${harness.project}`,
    'provider: local',
    'registry: registry.db',
    'offline_store: {type: file}',
    `online_store: {type: redis, redis_type: redis, connection_string: "${hostname}:${port},password=${password},db=0"}`,
    'entity_key_serialization_version: 3',
    '',
  ].join('\n');
}

/** The fields of one view in a hash, by hexadecimal name; without our own extra field. */
async function hash(harness: RedisHarness, key: Buffer, view: FeatureViewSnapshot): Promise<Record<string, string>> {
  const fields = (await harness.redis.callBuffer('HGETALL', key)) as Buffer[];
  const entries = Array.from({ length: fields.length / 2 }, (_, index) => [fields[2 * index] as Buffer, fields[2 * index + 1] as Buffer] as const);
  return Object.fromEntries(entries.filter(([field]) => field.toString() !== `_created:${view.name}`).map(([field, value]) => [field.toString('hex'), value.toString('hex')]));
}

function plain(value: FeatureValue): unknown {
  if (Array.isArray(value)) return value.map((item: ScalarValue) => plain(item));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'number' && Number.isNaN(value)) return 'NaN';
  return typeof value === 'bigint' ? Number(value) : value;
}

/** What Feast's client gives for a value: documents parsed, the rest as `plain`. */
function asRead(type: ValueType, value: FeatureValue): unknown {
  if (value === null || !/Json/.test(type)) return plain(value);
  return Array.isArray(value) ? value.map((item) => JSON.parse(item as string) as unknown) : (JSON.parse(value as string) as unknown);
}

function pythonKey(view: FeatureViewSnapshot, { key }: Pick<OnlineTestRow, 'key'>): Record<string, unknown> {
  return Object.fromEntries(view.joinKeys.map(({ name }, index) => [name, plain(key[index] as FeatureValue)]));
}

function pythonRow(view: FeatureViewSnapshot, row: OnlineTestRow): Record<string, unknown> {
  return { ...pythonKey(view, row), ...Object.fromEntries(view.features.map(({ name }, index) => [name, plain(row.values[index] as FeatureValue)])), event_timestamp: row.event };
}

function absentRow(view: FeatureViewSnapshot): Pick<OnlineTestRow, 'key'> {
  return { key: view.joinKeys.map(({ type }): ScalarValue => (type === 'String' ? 'nobody' : -99n)) };
}
