import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createYamlRecipeSource } from '../../../adapters/yaml/recipe-source.ts';
import { PipelineError, type Problem } from '../../../domain/errors.ts';

const FOREST = 'models/classification/random_forest_classifier';

describe('recipes from YAML', () => {
  let folder: string;
  let good: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recipes-'));
    good = await readFile(join('recipes', `${FOREST}.yaml`), 'utf8');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function write(name: string, text: string): Promise<void> {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }

  async function problemsOf(text: string): Promise<readonly Problem[]> {
    await write('tried.yaml', text);
    const error = await createYamlRecipeSource(folder).load('tried').then(() => assert.fail('the recipe was accepted'), (thrown: unknown) => thrown);
    assert.ok(error instanceof PipelineError);
    assert.equal(error.code, 'INVALID_RECIPE');
    return error.problems;
  }

  function replaced(...changes: readonly (readonly [string, string])[]): string {
    return changes.reduce((text, [from, to]) => {
      assert.ok(text.includes(from), `the recipe has no ${from}`);
      return text.replace(from, to);
    }, good);
  }

  it('reads every recipe of the project', async () => {
    const source = createYamlRecipeSource('recipes');
    const names = await source.list();
    assert.ok(names.includes(FOREST));
    for (const name of names) assert.notEqual((await source.load(name)).recipe.name, '');
  });

  it('takes a name with or without folder and ending', async () => {
    const source = createYamlRecipeSource('recipes');
    for (const name of [FOREST, `${FOREST}.yaml`, `recipes/${FOREST}.yaml`, `./recipes/${FOREST}`]) assert.equal((await source.load(name)).recipe.name, 'flight_delay_random_forest');
  });

  it('normalises steps, bounds and defaults', async () => {
    const { recipe, text } = await createYamlRecipeSource('recipes').load(FOREST);
    assert.equal(text, good);
    assert.deepEqual(recipe.preprocessor.steps, [
      { type: 'impute', strategy: 'median', columns: 'numeric' },
      { type: 'one_hot', columns: ['carrier', 'origin'], handle_unknown: 'ignore' },
    ]);
    assert.deepEqual(recipe.evaluation.thresholds, { roc_auc: { operator: '>=', bound: 0.66 } });
  });

  it('reports every problem at once, each at its line and column with the nearest name', async () => {
    const problems = await problemsOf(
      replaced(['RandomForestClassifier', 'RandomForrestClassifier'], ['impute: median', 'imput: median'], ['metrics: [roc_auc', 'metrics: [roc_acu'], ['test_size: 0.2', 'test_size: 1.2'], ['task_type: classification', 'task_tipe: classification']),
    );
    const by = (path: string): Problem => problems.find((problem) => problem.path === path) ?? assert.fail(`nothing about ${path} in ${JSON.stringify(problems)}`);
    assert.match(by('model.class_path').cure ?? '', /RandomForestClassifier/);
    assert.deepEqual([by('model.class_path').line, by('model.class_path').column], [4, 15]);
    assert.match(by('preprocessor.steps[0].imput').cure ?? '', /"impute"/);
    assert.match(by('evaluation.metrics[0]').cure ?? '', /"roc_auc"/);
    assert.match(by('evaluation.split.test_size').message, /1\.2/);
    assert.match(by('data_interface.task_tipe').cure ?? '', /"task_type"/);
    assert.match(by('data_interface.task_type').message, /missing/);
    for (const problem of problems) assert.ok(problem.line !== undefined && problem.column !== undefined, problem.path);
  });

  it('says of a file without content that it is empty', async () => {
    for (const text of ['', '\n\n', '# only a comment\n', '---\n']) {
      const problems = await problemsOf(text);
      assert.deepEqual(problems.map(({ path, message, line, column }) => [path, message, line, column]), [['recipes/tried.yaml', 'The file is empty.', 1, 1]], JSON.stringify(text));
    }
  });

  it('places a wrong hyperparameter at its own line', async () => {
    const [problem, ...rest] = await problemsOf(replaced(['    max_depth: 12', '    max_dept: 12']));
    assert.deepEqual(rest, []);
    assert.deepEqual([problem?.path, problem?.line], ['model.hyperparameters.max_dept', 7]);
    assert.match(problem?.cure ?? '', /max_depth/);
  });

  it('refuses ranges and tuning, which this version does not do', async () => {
    const problems = await problemsOf(replaced(['    max_depth: 12', '    max_depth: { type: int, low: 4, high: 16 }']));
    assert.deepEqual(problems.map(({ path }) => path), ['model.hyperparameters.max_depth']);
  });

  it('refuses a target that the caller would have to send', async () => {
    const problems = await problemsOf(replaced(['request_columns: [distance', 'request_columns: [arrived_late, distance']));
    assert.match(problems[0]?.message ?? '', /the target/);
  });

  it('reports broken YAML with its place', async () => {
    const [problem] = await problemsOf('name: [unclosed\nmodel: {}\n');
    assert.ok((problem?.line ?? 0) >= 1);
  });

  it('reports a key that is given twice', async () => {
    const problems = await problemsOf(`${good}\nname: again\n`);
    assert.match(problems[0]?.message ?? '', /unique/i);
  });

  it('refuses names that every object of JavaScript has as it refuses others', async () => {
    const problems = await problemsOf(replaced(['RandomForestClassifier', 'constructor'], ['impute: median', 'toString: median']));
    assert.deepEqual(problems.map(({ path }) => path).sort(), ['model.class_path', 'preprocessor.steps[0].toString']);
  });

  it('refuses whole numbers that a number does not hold, and aliases that grow without bound', async () => {
    const [problem, ...rest] = await problemsOf(replaced(['n_estimators: 100', 'n_estimators: 9007199254740993']));
    assert.deepEqual(rest, []);
    assert.match(problem?.message ?? '', /9007199254740993 is not exact/);
    const nested = ['a', 'b', 'c', 'd'].map((name, i, all) => `${name}: &${name} [${Array(10).fill(i === 0 ? 'x' : `*${all[i - 1]}`).join(', ')}]\n`).join('');
    assert.match((await problemsOf(nested))[0]?.message ?? '', /alias/);
  });

  it('names the nearest recipe when there is none of that name', async () => {
    await assert.rejects(createYamlRecipeSource('recipes').load('models/classification/random_forest_clasifier'), /Did you mean "models\/classification\/random_forest_classifier"/);
  });

  it('refuses names and links that lead out of the folder', async () => {
    await write('inside/a.yaml', good);
    await symlink(join(process.cwd(), 'package.json'), join(folder, 'link.yaml'));
    await assert.rejects(createYamlRecipeSource(join(folder, 'inside')).load('../tried'), /outside/);
    await assert.rejects(createYamlRecipeSource(folder).load('link'), /leads out/);
  });
});
