import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';

/** One table of `feature_mart`: the query that fills it, read from `<table>.sql`. */
export interface FeatureTable {
  readonly name: string;
  readonly sql: string;
}

/** All `.sql` files of the folder, by name. The file's name is the table's; INVALID_INPUT for one that cannot be. NOT_FOUND when there is none. */
export async function readFeatureSql(folder: string): Promise<readonly FeatureTable[]> {
  const files = await readdir(folder).catch((error: unknown) => {
    throw new PipelineError('NOT_FOUND', `The folder of the feature tables' SQL, ${folder}, cannot be read.`, { cause: error });
  });
  const names = files.filter((file) => file.endsWith('.sql')).map((file) => file.slice(0, -'.sql'.length)).sort();
  if (names.length === 0) throw new PipelineError('NOT_FOUND', `There is no .sql file in ${folder}: each makes the table of feature_mart that it is named after.`);
  return Promise.all(names.map((name) => readTable(folder, name)));
}

async function readTable(folder: string, name: string): Promise<FeatureTable> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) {
    throw new PipelineError('INVALID_INPUT', `${name}.sql cannot name a table: use small letters, digits and _, at most 63, not beginning with a digit.`);
  }
  return { name, sql: await readFile(join(folder, `${name}.sql`), 'utf8') };
}
