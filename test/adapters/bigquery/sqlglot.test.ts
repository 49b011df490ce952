import assert from 'node:assert/strict';
import { join } from 'node:path';
import { tableId } from '../../../adapters/bigquery/sql.ts';
import { createBigQueryWarehouse } from '../../../adapters/bigquery/warehouse.ts';
import { readFeatureSql } from '../../../adapters/sample-data/feature-sql.ts';
import { bigqueryDialect } from '../../../adapters/templates/bigquery.ts';
import { CALENDAR_UNITS, DATE_PARTS, FIXED_UNITS } from '../../../adapters/templates/dialect.ts';
import { MACROS } from '../../../adapters/templates/macros.ts';
import { renderTemplate } from '../../../adapters/templates/render-template.ts';
import { createSqlTemplates } from '../../../adapters/templates/sql-templates.ts';
import { createYamlRecipeSource } from '../../../adapters/yaml/recipe-source.ts';
import type { Field, TableSource } from '../../../domain/features/definitions.ts';
import { selectedName } from '../../../domain/features/snapshot.ts';
import type { FeatureViewSnapshot, JoinKey } from '../../../domain/features/snapshot.ts';
import type { ValueType } from '../../../domain/features/value-types.ts';
import { parseInstant } from '../../../domain/instant.ts';
import type { Warehouse } from '../../../ports/warehouse.ts';
import { column, viewOf } from '../../contracts/warehouse-harness.ts';
import { ROOT } from '../../cli/command.ts';
import { openBigQueryHarness } from './harness.ts';
import type { BigQueryHarness } from './harness.ts';
import { sqlProblems } from './sqlglot-check.ts';
import { startRecorder } from './sqlglot-recorder.ts';

const AS_OF = parseInstant('2024-03-20T18:00:00Z')!;
const START = parseInstant('2024-03-10T06:00:00Z')!;

/** Every type that a table's column can have, with the types of features that it becomes. */
const TYPES: Readonly<Record<string, readonly ValueType[]>> = {
  BOOL: ['Bool'], INT64: ['Int64', 'Int32', 'Float64', 'Decimal', 'UnixTimestamp'], FLOAT64: ['Float64', 'Float32'], NUMERIC: ['Decimal', 'Float64'], STRING: ['String', 'Uuid', 'Decimal'], BYTES: ['Bytes'],
  TIMESTAMP: ['UnixTimestamp'], DATETIME: ['UnixTimestamp'], DATE: ['UnixTimestamp'], JSON: ['Json'],
};
const FEATURES: readonly (Field & { readonly native: string })[] = Object.entries(TYPES).flatMap(([native, types]) => types.flatMap((type) => [
  { name: `${native}_${type}`, type, native },
  { name: `${native}_${type}_list`, type: `Array(${type})` as ValueType, native: `ARRAY<${native}>` },
]));

const KEYS: readonly JoinKey[] = [
  { name: 'STRING_String', type: 'String' }, { name: 'INT64_Int64', type: 'Int64' }, { name: 'BYTES_Bytes', type: 'Bytes' },
  { name: 'TIMESTAMP_UnixTimestamp', type: 'UnixTimestamp' }, { name: 'DATETIME_UnixTimestamp', type: 'UnixTimestamp' }, { name: 'DATE_UnixTimestamp', type: 'UnixTimestamp' },
];

const TABLE = 'feature_mart.all types';
const [AT_TIMESTAMP, AT_DATETIME, AT_DATE, DELETED] = ['TIMESTAMP_UnixTimestamp', 'DATETIME_UnixTimestamp', 'DATE_UnixTimestamp', 'BOOL_Bool'];

/** Views of the one table: with and without ttl, created timestamps, tombstones; keys of every type or none, one under another name; instants of every type; features of every type. */
function views(): readonly FeatureViewSnapshot[] {
  const source: TableSource = { name: 'all', table: TABLE, timestampField: AT_TIMESTAMP };
  const dated: TableSource = { ...source, createdTimestampColumn: AT_DATETIME };
  const base = { features: [{ name: 'FLOAT64_Float64', type: 'Float64' }] as const, joinKeys: KEYS.slice(0, 1) };
  return [
    viewOf({ ...base, name: 'endless', source: dated }),
    viewOf({ ...base, name: 'short', source: dated, ttlSeconds: 0.5 }),
    viewOf({ ...base, name: 'known', source: dated, ttlSeconds: 86_400, asKnown: true }),
    viewOf({ ...base, name: 'undated', source, ttlSeconds: 10_000_000_000 }),
    viewOf({ ...base, name: 'mortal', source: { ...dated, deletedColumn: DELETED } }),
    viewOf({ ...base, name: 'daily', source: { ...source, timestampField: AT_DATE, createdTimestampColumn: AT_TIMESTAMP }, ttlSeconds: 86_400 }),
    viewOf({ ...base, name: 'zoneless', source: { ...source, timestampField: AT_DATETIME, createdTimestampColumn: AT_DATE }, asKnown: true }),
    viewOf({ ...base, name: 'endless', alias: 'other', joinKeyMap: { STRING_String: 'other' }, source: dated }),
    viewOf({ ...base, name: 'mapped', features: [{ name: 'share', type: 'Float64' }], source: { ...dated, fieldMapping: { FLOAT64_Float64: 'share' } } }),
    viewOf({ ...base, name: 'no_key', joinKeys: [], source: dated, ttlSeconds: 1 }),
    viewOf({ ...base, name: 'all_keys', joinKeys: KEYS, source: dated, asKnown: true }),
    viewOf({ ...base, name: 'all_types', features: FEATURES, source: { ...dated, deletedColumn: DELETED } }),
  ];
}

const SPINE_SQL = `SELECT @p1 AS STRING_String, 'x' AS other, CAST(@p2 AS INT64) AS INT64_Int64, b'x' AS BYTES_Bytes, TIMESTAMP '2024-03-10 06:00:00+00' AS TIMESTAMP_UnixTimestamp,
  DATETIME '2024-03-10 06:00:00' AS DATETIME_UnixTimestamp, DATE '2024-03-10' AS DATE_UnixTimestamp, NUMERIC '1.5' AS amount, [NUMERIC '1.5'] AS amounts, TIMESTAMP '2024-03-11 06:00:00+00' AS event_timestamp`;

const NOT_RUN = /is written down, and not run/;

/** Everything that the warehouse asks BigQuery in SQL, as it is asked. What reads the table of all types is not run: other tests show what it gives. */
async function recordWarehouse({ settings, connection: { client } }: BigQueryHarness): Promise<readonly string[]> {
  const { datasetId, tableId: name } = tableId(settings, TABLE);
  const fields = FEATURES.map(({ name: column, native }) => ({ name: column, type: native.replace(/^ARRAY<(.*)>$/, '$1'), mode: native.startsWith('ARRAY') ? 'REPEATED' : 'NULLABLE' }));
  await client.dataset(datasetId).table(name).create({ schema: { fields } });
  const recorder = await startRecorder(settings.api_endpoint!, name);
  const warehouse = createBigQueryWarehouse({ ...settings, api_endpoint: recorder.url });
  try {
    const entityColumns = KEYS.map((key) => key.name);
    const request = { entityColumns, timestampColumn: 'event_timestamp', asOfMicros: AS_OF, expiresAtMicros: AS_OF };
    const spine = await warehouse.writeSpine({ ...request, name: 'queried', query: { sql: SPINE_SQL, values: ['x', 1] } });
    const rows = { schema: [column('k', 'String'), column('event_timestamp', 'Timestamp')], batches: (async function* () { /* none */ })() };
    await warehouse.writeSpineRows({ ...request, name: 'given', entityColumns: ['k'], rows });
    const all = views();
    const columns = all.flatMap((view) => view.features.map(({ name: feature }) => ({ view: selectedName(view), feature, column: `${selectedName(view)}__${feature}` })));
    await assert.rejects(warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: { views: all, columns } }), NOT_RUN);
    await recordNewest(warehouse, all);
    await warehouse.dropExpiredSpines(AS_OF + 1);
    return recorder.queries();
  } finally {
    await warehouse.close();
    await recorder.stop();
  }
}

async function recordNewest(warehouse: Warehouse, all: readonly FeatureViewSnapshot[]): Promise<void> {
  const window = { startMicros: START, endMicros: AS_OF };
  for (const view of all) {
    await warehouse.estimateRows({ view, ...window });
    for (const index of view.name.startsWith('all') ? [0, 1] : [0]) await assert.rejects(warehouse.newestRows({ view, ...window, slice: { index, count: 2 } }), NOT_RUN);
  }
  await assert.rejects(warehouse.newestRows({ view: all[0]!, ...window, visibleAfterMicros: START, knownByMicros: AS_OF + 1, slice: { index: 0, count: 1 } }), NOT_RUN);
  await warehouse.processedBytes!({ newestRows: { view: all[0]!, ...window } });
}

/** Loader SQL with every macro and every unit that it has. */
function macroStatements(): readonly string[] {
  const instant = "'f.event_timestamp'";
  const calls = [
    ...FIXED_UNITS.flatMap((unit) => [`dateadd('${unit}', -2, ${instant})`, `datediff(${instant}, as_of(), '${unit}')`]),
    ...CALENDAR_UNITS.map((unit) => `date_trunc('${unit}', ${instant}, 'America/New_York')`),
    ...DATE_PARTS.map((part) => `extract_part('${part}', ${instant}, 'America/New_York')`),
    `at_time_zone(${instant}, 'Asia/Seoul')`, `instant_at('f.day', 'Asia/Seoul')`,
    ...Object.keys(MACROS).filter((name) => name.startsWith('type_')).map((name) => `cast('f.x', ${name}())`),
  ];
  const text = `SELECT ${calls.map((call, i) => `{{ ${call} }} AS c${i}`).join(', ')} FROM {{ source('raw', 'flights') }} AS f JOIN {{ ref('weather') }} AS w ON w.origin = f.origin CROSS JOIN {{ whole_numbers('0', 'f.days') }} AS n`;
  return [renderTemplate(text, { sourceUri: 'all.sql.j2', parameters: {}, asOfMicros: AS_OF }, bigqueryDialect).sql];
}

async function templateStatements(): Promise<readonly string[]> {
  const recipes = createYamlRecipeSource(join(ROOT, 'recipes'));
  const templates = createSqlTemplates({ folder: join(ROOT, 'recipes'), dialect: 'bigquery' });
  const loaders = await Promise.all((await recipes.list()).map(async (name) => {
    const { loader } = (await recipes.load(name)).recipe;
    return (await templates.render({ sourceUri: loader.source_uri, parameters: loader.parameters, asOfMicros: AS_OF })).sql;
  }));
  const folder = join(ROOT, 'feature_repo', 'sql');
  const features = await readFeatureSql(folder, createSqlTemplates({ folder, dialect: 'bigquery' }));
  return [...new Set(loaders), ...features.map(({ sql }) => sql)];
}

describe('the SQL for BigQuery', function () {
  this.timeout(60_000);
  let harness: BigQueryHarness;
  before(async () => {
    harness = await openBigQueryHarness();
  });
  after(() => harness.close());

  it('is GoogleSQL to a parser of its own, as the warehouse asks it', async () => {
    const statements = await recordWarehouse(harness);
    for (const part of [/^CREATE OR REPLACE TABLE/, /COUNTIF/, /LAST_VALUE/, /^SELECT 0 AS row_number, MIN/, /QUALIFY/]) assert.ok(statements.some((sql) => part.test(sql)), `${part} is not among ${statements.length} statements`);
    assert.deepEqual(await wrongOf(statements), []);
  });

  it('is GoogleSQL as the templates of recipes, of feature tables and of every macro give it', async () => {
    const statements = [...(await templateStatements()), ...macroStatements()];
    assert.ok(statements.length >= 6);
    assert.deepEqual(await wrongOf(statements), []);
  });

  it('would be found wrong if it were', async () => {
    const wrong = ['SELECT FROM t', 'SELECT a FROM (SELECT FROM t)', 'SELECT a b c FROM t', 'SELECT a FROM t WHERE', 'SELECT IFNUL(a, 1) FROM t', 'SELECT a::int FROM t', 'SELECT a FROM "d"."t"', 'SELECT 1; SELECT 2', '', 'CALL p(1)'];
    const broken = [...wrong, ...(await templateStatements()).map((sql) => sql.replace(/\)(?=[^)]*$)/, ''))];
    assert.deepEqual((await wrongOf(broken)).map(({ sql }) => sql), broken);
  });
});

/** The statements that are wrong, with what is wrong with them. */
async function wrongOf(statements: readonly string[]): Promise<readonly { readonly sql: string; readonly problem: string }[]> {
  const problems = await sqlProblems(statements);
  return statements.flatMap((sql, i) => (problems[i] === null ? [] : [{ sql, problem: problems[i]! }]));
}
