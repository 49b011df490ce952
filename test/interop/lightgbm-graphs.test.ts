import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModelFile } from '../../adapters/lightgbm/read-model-file.ts';
import { createOnnxModelGraphs } from '../../adapters/onnx/model-graphs.ts';
import { inFolder, plainNumbers } from '../adapters/onnx/fixtures.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PYTHON = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'interop', 'bin', 'python');
const SCRIPT = join(ROOT, 'test', 'interop', 'onnx', 'lightgbm_models.py');
const ROWS = 100_000;
const COLUMNS = 6;
/** Models that the script trains, and whether their trees are averaged. */
const MODELS = { no_missing: 'sum', nan_missing: 'sum', zero_missing: 'sum', categories: 'sum', forest: 'mean' } as const;

const graphs = createOnnxModelGraphs();

async function predictions(folder: string, name: keyof typeof MODELS): Promise<Float64Array> {
  const { trees } = await readModelFile(join(folder, `${name}.txt`));
  const path = join(folder, `${name}.onnx`);
  const preprocessor = plainNumbers(COLUMNS);
  await graphs.writeModel({ preprocessor, model: { kind: 'trees', outputs: 1, trees, aggregation: MODELS[name], link: 'identity' }, classes: [] }, path);
  const session = await graphs.openModel(path);
  const rows = new Float32Array(new Uint8Array(await readFile(join(folder, `${name}.x`))).buffer);
  const columns = preprocessor.inputs.map((input, column) => ({ name: input.name, type: 'Float32' as const, values: Float32Array.from({ length: ROWS }, (_, row) => rows[row * COLUMNS + column]!), nulls: null }));
  const result = await session.predict({ rowCount: ROWS, columns });
  await session.close();
  return result.predictions;
}

describe("LightGBM's trees as graphs", function () {
  this.timeout(180_000);

  before(function () {
    if (existsSync(PYTHON)) return;
    if (process.env['CI'] === 'true') assert.fail(`${PYTHON} is missing: run scripts/install_tools.sh interop`);
    this.skip();
  });

  it(`predict, to the bit, the float32 of what LightGBM predicts: ${ROWS} hard rows of each kind of model`, async () => {
    await inFolder(async (folder) => {
      const { status, stderr } = spawnSync(PYTHON, [SCRIPT, folder, String(ROWS)], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      for (const name of Object.keys(MODELS) as (keyof typeof MODELS)[]) {
        const given = await predictions(folder, name);
        const expected = new Float64Array(new Uint8Array(await readFile(join(folder, `${name}.y`))).buffer);
        const wrong = given.findIndex((value, row) => value !== Math.fround(expected[row]!));
        assert.equal(wrong, -1, `${name}, row ${wrong}: ${given[wrong]} here, ${expected[wrong]} by LightGBM`);
        assert.ok(new Set(expected).size > 1000, `${name} tells too few rows apart`);
      }
    });
  });
});
