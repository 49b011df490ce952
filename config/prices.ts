import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPositionedYaml } from '../adapters/yaml/recipe-document.ts';
import { priceList, type PriceList } from '../domain/cost/price-list.ts';
import { PipelineError, refuseProblems } from '../domain/errors.ts';
import { check } from '../domain/validation/shape.ts';

const FOLDER = join('config', 'prices');

/**
 * The newest price file, by name, of the project's `config/prices`; of this package's where the project has none. INVALID_CONFIG with every problem, each with line and column.
 */
export async function loadPriceList(projectFolder: string): Promise<PriceList> {
  const own = join(projectFolder, FOLDER);
  const folder = existsSync(own) ? own : packagePrices();
  const newest = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort().at(-1);
  if (newest === undefined) throw new PipelineError('INVALID_CONFIG', `${folder} has no price file. Copy one such as 2026-11.yaml from the package's ${FOLDER}, or remove the folder.`);
  return readPriceList(join(folder, newest));
}

async function readPriceList(path: string): Promise<PriceList> {
  const document = readPositionedYaml(await readFile(path, 'utf8'), path);
  refuseProblems('INVALID_CONFIG', `The price file ${path} cannot be read.`, document.problems);
  const { value, issues } = check(priceList, document.value);
  refuseProblems('INVALID_CONFIG', `The price file ${path} has problems.`, issues.map(document.locate));
  return value;
}

/** In the checkout two folders up from here at most, in the installed package one more (`dist`). */
function packagePrices(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, FOLDER))) return join(folder, FOLDER);
  }
  throw new Error(`the package's ${FOLDER} is gone`);
}
