import { randomBytes } from 'node:crypto';
import { openBigQuery, type BigQueryConnection, type BigQuerySettings } from '../bigquery/connection.ts';
import { createDatasets } from '../bigquery/datasets.ts';
import type { TableId } from '../bigquery/sql.ts';
import { createSqlTemplates } from '../templates/sql-templates.ts';
import { readNote, refuseAnother, tableOf, tableOfAnother, writeNote, type NotedLoad } from './bigquery-data-load.ts';
import { makeFeatureTable, stageFeatureTable } from './bigquery-feature-tables.ts';
import { makeRawTable, rawTableText, stageRawTable } from './bigquery-raw-tables.ts';
import { LAYOUT_RULES, remove, type Layout } from './bigquery-tables.ts';
import { CSV_NAMES, hashCsvFiles } from './csv-files.ts';
import { readFeatureSql, type FeatureTable } from './feature-sql.ts';
import { checkShift, hashed, isThere, prefixed, shiftFor, stepTeller, type SampleDataOptions, type SampleDataSummary } from './load-options.ts';
import { surveyFiles } from './raw-rows.ts';

export interface BigQueryLoadOptions extends SampleDataOptions {
  readonly settings: BigQuerySettings;
}

/**
 * As loadIntoPostgres, into the data sets of raw events and of feature tables, which are made where they are missing. Each table is replaced whole: a reader sees its old rows or its new
 * ones, but for some seconds tables of both loads. Safe to repeat and to kill: the table `data_load` and a label of each table say which load they are of, and a load that is not
 * complete is made anew. CONFLICT when another load changes the tables meanwhile. NOT_FOUND, INVALID_DATA as there; nothing is changed then.
 */
export async function loadIntoBigQuery(options: BigQueryLoadOptions): Promise<SampleDataSummary> {
  checkShift(options.shiftWeeks);
  const { settings, folder, featureSqlFolder } = options;
  const { raw, feature_mart: mart } = settings.datasets;
  const templates = createSqlTemplates({ folder: featureSqlFolder, dialect: 'bigquery', schemas: { raw, feature_mart: mart } });
  const [files, features] = await Promise.all([hashCsvFiles(folder), readFeatureSql(featureSqlFolder, templates)]);
  const rawTexts = Object.fromEntries(CSV_NAMES.map((name) => [name, rawTableText(name)]));
  const featureTexts = Object.fromEntries(features.map((table) => [table.name, `${table.sql}\n${LAYOUT_RULES}`]));
  const hashes = { ...prefixed('file', files), ...prefixed(raw, hashed(rawTexts)), ...prefixed(mart, hashed(featureTexts)) };
  const connection = openBigQuery(settings);
  try {
    await createDatasets(connection);
    const there = await readNote(connection);
    if (there?.complete === true && isThere(there, options, hashes) && (await tableOfAnother(connection, there)) === undefined) return { loaded: false, shiftWeeks: there.shiftWeeks, rows: there.rows };
    return await load(connection, options, features, hashes);
  } finally {
    await connection.close();
  }
}

async function load(connection: BigQueryConnection, options: SampleDataOptions, features: readonly FeatureTable[], hashes: NotedLoad['hashes']): Promise<SampleDataSummary> {
  const { raw, feature_mart: mart } = connection.settings.datasets;
  const id = randomBytes(12).toString('hex');
  const loading = { connection, loadId: id };
  const { rows, step } = stepTeller(options);
  const staged: TableId[] = [];
  const stage = (name: string): TableId => {
    const [dataset, table] = name.split('.');
    const stagedTable = tableOf(connection, `${dataset}.building_${table}_${id}`);
    staged.push(stagedTable);
    return stagedTable;
  };
  try {
    const { sourceLastDay, zones } = await surveyFiles(options.folder);
    const shiftWeeks = shiftFor(options, sourceLastDay);
    const note: NotedLoad = { id, complete: false, shiftWeeks, sourceLastDay, hashes, rows };
    const stagedRaw = CSV_NAMES.map((name) => ({ name, table: `${raw}.${name}`, from: stage(`${raw}.${name}`) }));
    await step('files', async () => {
      for (const { name, from } of stagedRaw) await stageRawTable(loading, name, { folder: options.folder, shiftWeeks, zones }, from);
      return undefined;
    });
    await writeNote(connection, note);
    for (const { name, table, from } of stagedRaw) await step(table, () => makeRawTable(loading, name, tableOf(connection, table), from));
    const made: { readonly table: string; readonly from: TableId; readonly layout: Layout }[] = [];
    await step('features', async () => {
      for (const feature of features) {
        const from = stage(`${mart}.${feature.name}`);
        made.push({ table: `${mart}.${feature.name}`, from, layout: await stageFeatureTable(loading, feature, from) });
      }
      return undefined;
    });
    for (const { table, from, layout } of made) await step(table, () => makeFeatureTable(loading, tableOf(connection, table), from, layout));
    await refuseAnother(connection, { id, rows });
    await writeNote(connection, { ...note, complete: true });
    await refuseAnother(connection, { id, rows });
    return { loaded: true, shiftWeeks, rows };
  } finally {
    await Promise.all(staged.map((table) => remove(connection, table)));
  }
}
