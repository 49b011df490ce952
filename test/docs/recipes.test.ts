import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { createYamlRecipeSource } from '../../adapters/yaml/recipe-source.ts';
import { createSqlTemplates } from '../../adapters/templates/sql-templates.ts';
import { ROOT } from '../cli/command.ts';

/** The YAML blocks of a page that have a recipe's `model` section: whoever copies one expects a recipe. */
async function recipesOf(page: string): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  const blocks = [...text.matchAll(/^```ya?ml\n(.*?)^```$/gms)].map(([, block]) => block!);
  return blocks.filter((block) => Object.hasOwn((parse(block) ?? {}) as object, 'model'));
}

describe('the recipes that the documentation shows', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-shown-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('are valid as they stand, and fit their templates', async () => {
    const pages = ['README.md', ...(await readdir(join(ROOT, 'docs'), { recursive: true })).filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
    const templates = createSqlTemplates({ folder: join(ROOT, 'recipes'), dialect: 'postgres' });
    const shown: string[] = [];
    for (const page of pages) {
      for (const recipe of await recipesOf(page)) {
        shown.push(page);
        await writeFile(join(folder, 'shown.yaml'), recipe);
        const { loader } = (await createYamlRecipeSource(folder).load('shown')).recipe;
        await templates.render({ sourceUri: loader.source_uri, parameters: loader.parameters, asOfMicros: 0 });
      }
    }
    assert.ok(shown.includes('README.md'), shown.join());
  });
});
