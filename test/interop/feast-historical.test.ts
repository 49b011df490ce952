import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { selectedName } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { formatInstant } from '../../domain/instant.ts';
import { JOIN_STRATEGIES } from '../../ports/warehouse.ts';
import { openPostgres, type PostgresHarness } from '../adapters/postgres/harness.ts';
import { collectRows, column, viewOf } from '../contracts/warehouse-harness.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PYTHON = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'feast', 'bin', 'python');
const NOON = 1_700_000_000_000_000;
const FEATURES = [{ name: 'n', type: 'Int64' }, { name: 'x', type: 'Float64' }, { name: 't', type: 'String' }, { name: 'b', type: 'Bool' }] as const;
const SOURCE = [column('k1', 'String'), column('k2', 'Int64'), column('event_timestamp', 'Timestamp'), column('created', 'Timestamp'), ...FEATURES.map(({ name, type }) => column(name, type))];
const SPINE = [column('id', 'Int64'), column('k1', 'String'), column('k2', 'Int64'), column('other', 'String'), column('event_timestamp', 'Timestamp')];

/** What Feast does otherwise is left out: rows that tie fully are repeated, rows without created timestamp never match, and composite keys are compared without a mark between them. */
const text = fc.constantFrom('a', 'b', 'Zürich', '\u{1F600}');
const instant = fc.tuple(fc.integer({ min: -8, max: 8 }), fc.integer({ min: -1, max: 1 })).map(([halves, micros]) => NOON + halves * 500_000 + micros);
const values = fc.tuple(fc.option(fc.integer({ min: -5, max: 5 }).map(BigInt)), fc.option(fc.constantFrom(-0.5, 1e300, 0.1)), fc.option(fc.constantFrom('a', 'B', '\uFF21')), fc.option(fc.boolean()));
const sourceRow = fc.tuple(text, fc.constantFrom(10n, 11n, 12n), instant, instant, values);
const spineRow = fc.tuple(fc.option(text, { freq: 9 }), fc.constantFrom(10n, 11n, 12n, 99n), fc.option(text, { freq: 9 }), instant);

describe("Feast's get_historical_features", function () {
  this.timeout(300_000); // importing Feast takes seconds
  let harness: PostgresHarness;
  let folder: string;

  before(async function () {
    if (!existsSync(PYTHON)) {
      if (process.env['CI'] === 'true') throw new Error(`There is no ${PYTHON}: run scripts/install_tools.sh feast`);
      return this.skip();
    }
    [harness, folder] = [await openPostgres(), await mkdtemp(join(tmpdir(), 'feast-historical-'))];
    // Feast's query takes minutes where the planner chooses nested loops.
    await harness.client.query(`ALTER DATABASE ${new URL(harness.url).pathname.slice(1)} SET enable_nestloop = off`);
  });
  after(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true });
    await harness?.close();
  });

  const askFeast = async (rows: readonly object[]): Promise<Map<number, unknown>> => {
    const url = new URL(harness.url);
    const environment = { ...process.env, FOLDER: folder, POSTGRES_HOST: url.hostname, POSTGRES_PORT: url.port, POSTGRES_USER: url.username, POSTGRES_PASSWORD: decodeURIComponent(url.password), POSTGRES_DATABASE: url.pathname.slice(1) };
    const answer = await new Promise<string>((resolve, reject) => {
      const child = execFile(PYTHON, [join(ROOT, 'test', 'interop', 'feast', 'historical_client.py')], { env: environment, maxBuffer: 1 << 26 }, (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(stderr, { cause: error }))));
      child.stdin!.end(JSON.stringify(rows));
    });
    const pairs = JSON.parse(answer) as [number, unknown][];
    assert.equal(pairs.length, rows.length);
    return new Map(pairs);
  };

  it('gives the same features for 1,000 random rows as both strategies: composite keys, key maps, ttl edges to the microsecond, created ties', async () => {
    const seed = Date.now();
    const tied = new Set<string>();
    const unique = (kind: string, parts: readonly unknown[]): boolean => !tied.has(`${kind} ${parts.join('|')}`) && tied.add(`${kind} ${parts.join('|')}`) !== undefined;
    const source = fc.sample(sourceRow, { numRuns: 1500, seed });
    const dated = source.filter(([k1, k2, event, created]) => unique('dated', [k1, k2, event, created]));
    const undated = source.filter(([k1, , event]) => unique('undated', [k1, event]));
    const asRow = ([k1, k2, event, created, features]: (typeof source)[number]): FeatureValue[] => [k1, k2, event, created, ...features];
    await harness.createTable('feature_mart.dated', SOURCE, dated.map(asRow));
    await harness.createTable('feature_mart.undated', SOURCE, undated.map(asRow));
    const rows = fc.sample(spineRow, { numRuns: 1000, seed }).sort((a, b) => a[3] - b[3]);
    await harness.createTable('spine_data.asked', [column('row_number', 'Int64'), ...SPINE], rows.map((row, i) => [BigInt(i), BigInt(i), ...row]));
    await harness.client.query('ANALYZE');
    const feast = await askFeast(rows.map(([k1, k2, other, at], id) => ({ id, k1, k2: Number(k2), other, event_timestamp: formatInstant(at) })));

    const joinKeys = [{ name: 'k1', type: 'String' }, { name: 'k2', type: 'Int64' }] as const;
    const from = (table: string, created?: string) => ({ name: table, table: `feature_mart.${table}`, timestampField: 'event_timestamp', ...(created === undefined ? {} : { createdTimestampColumn: created }) });
    const views = [
      viewOf({ name: 'short', joinKeys, features: FEATURES, source: from('dated', 'created'), ttlSeconds: 2 }),
      viewOf({ name: 'endless', joinKeys, features: FEATURES, source: from('dated', 'created') }),
      viewOf({ name: 'one_key', alias: 'first', joinKeys: joinKeys.slice(0, 1), features: FEATURES, source: from('undated'), ttlSeconds: 3 }),
      viewOf({ name: 'one_key', alias: 'other', joinKeyMap: { k1: 'other' }, joinKeys: joinKeys.slice(0, 1), features: FEATURES, source: from('undated'), ttlSeconds: 3 }),
    ];
    const columns = views.flatMap((view) => FEATURES.map(({ name }) => ({ view: selectedName(view), feature: name, column: `${selectedName(view)}__${name}` })));
    for (const strategy of JOIN_STRATEGIES) {
      const joined = await harness.warehouse.historicalFeatures({ spine: { table: 'spine_data.asked', rowCount: rows.length, schema: SPINE, asOfMicros: NOON * 2 }, timestampColumn: 'event_timestamp', selection: { views, columns }, strategy });
      const ours = await collectRows(joined);
      let found = 0;
      for (const [id, row] of ours.entries()) {
        const features = row.slice(SPINE.length).map((value) => (typeof value === 'bigint' ? Number(value) : value));
        assert.deepEqual(features, feast.get(id), `${strategy}, seed ${seed}, row ${id}: ${row.slice(0, SPINE.length).join(', ')}`);
        found += features.filter((value) => value !== null).length;
      }
      assert.ok(found > 2000, `only ${found} values were compared`);
    }
  });
});
