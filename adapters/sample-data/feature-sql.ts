import { readdir } from 'node:fs/promises';
import { PipelineError } from '../../domain/errors.ts';
import type { SqlTemplates } from '../../ports/sql-templates.ts';

/** One table of `feature_mart`: the query that fills it, read from `<table>.sql`. */
export interface FeatureTable {
  readonly name: string;
  readonly sql: string;
}

/** Feature tables look back from no instant of a run. */
const NO_INSTANT = 0;

/** All `.sql` files of the folder, by name, rendered by templates of that folder. The file's name is the table's; INVALID_TEMPLATE for one that cannot be rendered, INVALID_INPUT for a name that cannot be. NOT_FOUND when there is none. */
export async function readFeatureSql(folder: string, templates: SqlTemplates): Promise<readonly FeatureTable[]> {
  const files = await readdir(folder).catch((error: unknown) => {
    throw new PipelineError('NOT_FOUND', `The folder of the feature tables' SQL, ${folder}, cannot be read.`, { cause: error });
  });
  const names = files.filter((file) => file.endsWith('.sql')).map((file) => file.slice(0, -'.sql'.length)).sort();
  if (names.length === 0) throw new PipelineError('NOT_FOUND', `There is no .sql file in ${folder}: each makes the table of feature_mart that it is named after.`);
  return Promise.all(names.map((name) => readTable(templates, name)));
}

async function readTable(templates: SqlTemplates, name: string): Promise<FeatureTable> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) {
    throw new PipelineError('INVALID_INPUT', `${name}.sql cannot name a table: use small letters, digits and _, at most 63, not beginning with a digit.`);
  }
  const { sql, values } = await templates.render({ sourceUri: `${name}.sql`, parameters: {}, asOfMicros: NO_INSTANT });
  if (values.length > 0) throw new PipelineError('INVALID_TEMPLATE', `${name}.sql uses a value, such as that of as_of(): a feature table is made of raw tables alone, so that it is the same whenever it is made.`);
  return { name, sql };
}
