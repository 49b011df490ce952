import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { quoteTableId } from '../../adapters/bigquery/sql.ts';
import { createFeatureRepositorySource } from '../../adapters/feature-repo/feature-repository-source.ts';
import { createPostgresWarehouse } from '../../adapters/postgres/warehouse.ts';
import { tableOf } from '../../adapters/sample-data/bigquery-data-load.ts';
import { loadIntoBigQuery } from '../../adapters/sample-data/bigquery-load.ts';
import type { SampleDataSummary } from '../../adapters/sample-data/load-options.ts';
import { loadIntoPostgres } from '../../adapters/sample-data/postgres-load.ts';
import { createSqlTemplates } from '../../adapters/templates/sql-templates.ts';
import { createYamlRecipeSource } from '../../adapters/yaml/recipe-source.ts';
import { columnOf } from '../../domain/data/columns.ts';
import { columnValue, sameValue } from '../../domain/features/canonical.ts';
import { selectFeatures } from '../../domain/features/resolve.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { SqlTemplates } from '../../ports/sql-templates.ts';
import type { Warehouse } from '../../ports/warehouse.ts';
import { openBigQueryHarness, type BigQueryHarness } from '../adapters/bigquery/harness.ts';
import { FEATURE_SQL_FOLDER, daysFrom, sampleFolder } from '../adapters/sample-data/sample.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const RECIPES = createYamlRecipeSource(join(ROOT, 'recipes'));
const DEFINITIONS = createFeatureRepositorySource(join(ROOT, 'feature_repo'));
/** Daylight saving time ended on 3 November 2013, and ends on 2 November 2014, where the shift puts 27 October; before that day in both years. */
const DAYS = daysFrom('2013-10-26', 10);
const SHIFT_WEEKS = 53;
const AS_OF = parseInstant('2014-11-10T12:00:00Z')!;

type Row = readonly FeatureValue[];
interface Side {
  readonly warehouse: Warehouse;
  readonly templates: SqlTemplates;
}

describe('Tables that each warehouse built itself from the same files', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let bigquery: BigQueryHarness;
  let folder: string;
  let loaded: readonly [SampleDataSummary, SampleDataSummary];
  let sides: readonly [Side, Side];

  before(async () => {
    [database, bigquery, folder] = await Promise.all([createTestDatabase(), openBigQueryHarness(), sampleFolder(DAYS)]);
    const options = { folder, featureSqlFolder: FEATURE_SQL_FOLDER, shiftWeeks: SHIFT_WEEKS, now: AS_OF };
    loaded = await Promise.all([loadIntoPostgres({ ...options, connectionString: database.url }), loadIntoBigQuery({ ...options, settings: bigquery.settings })]);
    const recipes = join(ROOT, 'recipes');
    const { raw, feature_mart: mart } = bigquery.settings.datasets;
    sides = [
      { warehouse: createPostgresWarehouse({ connectionString: database.url }), templates: createSqlTemplates({ folder: recipes, dialect: 'postgres' }) },
      { warehouse: bigquery.warehouse, templates: createSqlTemplates({ folder: recipes, dialect: 'bigquery', schemas: { raw, feature_mart: mart } }) },
    ];
    await sides[0].warehouse.prepare();
  });
  after(async () => {
    await sides?.[0].warehouse.close();
    await bigquery?.close();
    await database?.drop();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  it('hold the same rows, raw ones and features, bit for bit', async () => {
    const { raw, feature_mart: mart } = bigquery.settings.datasets;
    assert.deepEqual(Object.entries(loaded[1].rows).map(([name, rows]) => [name.replace(raw, 'raw_data').replace(mart, 'feature_mart'), rows]), Object.entries(loaded[0].rows));
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query('SET TIME ZONE UTC');
      for (const [at, name] of Object.keys(loaded[0].rows).entries()) {
        const here = await postgresRows(client, name);
        const there = await bigQueryRows(bigquery, Object.keys(loaded[1].rows)[at]!, here.columns);
        assert.ok(here.rows.length > 10, name);
        assert.equal(there.length, here.rows.length, name);
        here.rows.forEach((row, i) => assert.equal(there[i], row, `${name}: ${here.columns.join()}`));
      }
    } finally {
      await client.end();
    }
  });

  it('give every recipe the same spine and features, in the same order, bit for bit', async () => {
    const names = await RECIPES.list();
    assert.ok(names.length >= 3);
    const recipes = await Promise.all(names.map(async (name) => (await RECIPES.load(name)).recipe));
    const asked = new Map(recipes.map((recipe) => [JSON.stringify([recipe.loader, recipe.augmenter]), recipe])); // several models may learn from the same rows
    for (const recipe of asked.values()) {
      const [here, there] = await Promise.all([joined(sides[0], recipe), joined(sides[1], recipe)]);
      assert.deepEqual(there.columns, here.columns);
      assert.equal(there.rows.length, here.rows.length);
      assert.ok(here.rows.length > 5000, `${recipe.name}: ${here.rows.length} rows`);
      const features = here.columns.indexOf('plane_mean_dep_delay_7d');
      assert.ok(here.rows.filter((row) => row[features] !== null).length > 500);
      here.rows.forEach((row, at) => row.forEach((value, column) => {
        const other = there.rows[at]![column]!;
        assert.ok(sameValue(value, other), `${recipe.name}, row ${at}, ${here.columns[column]}: ${String(value)} and ${String(other)}`);
      }));
    }
  });
});

/** A recipe's spine with its features, as a training run makes them. */
async function joined({ warehouse, templates }: Side, { name, loader, augmenter }: Recipe): Promise<{ readonly columns: readonly string[]; readonly rows: readonly Row[] }> {
  const { entity_columns: entityColumns, timestamp_column: timestampColumn } = loader.entity_schema;
  const query = await templates.render({ sourceUri: loader.source_uri, parameters: loader.parameters, asOfMicros: AS_OF });
  const spineName = `raw_parity_${name.replaceAll(/\W/g, '_')}`;
  const spine = await warehouse.writeSpine({ name: spineName, query, entityColumns, timestampColumn, asOfMicros: AS_OF, expiresAtMicros: Date.now() * 1000 + 3_600_000_000 });
  assert.ok(augmenter.type === 'feature_store');
  const selection = selectFeatures(await DEFINITIONS.load(), augmenter.feature_service === undefined ? { features: augmenter.features ?? [] } : { featureService: augmenter.feature_service });
  const { schema, batches } = await warehouse.historicalFeatures({ spine, timestampColumn, selection });
  const columns = schema.map((column) => column.name);
  const rows: Row[] = [];
  for await (const batch of batches) for (let row = 0; row < batch.rowCount; row++) rows.push(columns.map((column) => columnValue(columnOf(batch, column), row)));
  return { columns, rows };
}

/** Rows as sorted lines: numbers in full, instants in milliseconds (all times of these data are of whole minutes). */
async function postgresRows(client: pg.Client, name: string): Promise<{ readonly columns: readonly string[]; readonly rows: readonly string[] }> {
  const { fields, rows } = await client.query<(string | null)[]>({ text: `SELECT * FROM ${name}`, rowMode: 'array', types: { getTypeParser: () => (text: string) => text } as never });
  const { INT4, INT8, FLOAT8, TIMESTAMPTZ } = pg.types.builtins;
  const value = (text: string | null, type: number): unknown => {
    if (text === null) return null;
    if (type === TIMESTAMPTZ) return Date.parse(`${text.replace(' ', 'T')}:00`);
    return type === INT4 || type === INT8 || type === FLOAT8 ? Number(text) : text;
  };
  return { columns: fields.map((field) => field.name), rows: rows.map((row) => JSON.stringify(row.map((text, i) => value(text, fields[i]!.dataTypeID)))).sort() };
}

async function bigQueryRows({ connection }: BigQueryHarness, name: string, columns: readonly string[]): Promise<readonly string[]> {
  const [rows] = (await connection.client.query(`SELECT * FROM ${quoteTableId(tableOf(connection, name))}`)) as unknown as readonly [readonly Readonly<Record<string, unknown>>[]];
  const value = (found: unknown): unknown => {
    if (typeof found !== 'object' || found === null) return found;
    const text = (found as { readonly value: string }).value;
    return text.includes('T') ? Date.parse(text) : text;
  };
  assert.deepEqual(Object.keys(rows[0] ?? {}), columns);
  return rows.map((row) => JSON.stringify(columns.map((column) => value(row[column])))).sort();
}
