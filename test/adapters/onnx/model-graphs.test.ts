import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMetadata } from '../../../adapters/onnx/graph-file.ts';
import { createOnnxModelGraphs } from '../../../adapters/onnx/model-graphs.ts';
import type { ErrorCode } from '../../../domain/errors.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { LinearModel } from '../../../domain/model/fitted-model.ts';
import type { FittedPreprocessor } from '../../../domain/model/preprocessor.ts';
import { batchOf, inFolder, plainNumbers } from './fixtures.ts';

const graphs = createOnnxModelGraphs();
const linear: LinearModel = { kind: 'linear', coefficients: [Float64Array.of(2, 0.5)], intercepts: Float64Array.of(1), link: 'identity' };

function failsWith(code: ErrorCode, pattern: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof PipelineError && error.code === code && pattern.test(error.message);
}

describe('model graph files', () => {
  it('say which raw columns they take and which classes they answer', async () => {
    const preprocessor: FittedPreprocessor = {
      inputs: [{ name: 'carrier', type: 'string', origin: 'entity' }, { name: 'distance', type: 'number', origin: 'request' }],
      steps: [{ type: 'one_hot', categories: { carrier: ['AA'] }, handleUnknown: 'ignore' }], outputColumns: ['distance', 'carrier=AA'],
    };
    const classes = ['on time', 'on-time', 'Verspätung "groß"'];
    const model: LinearModel = { kind: 'linear', coefficients: classes.map((_, k) => Float64Array.of(k, 1)), intercepts: new Float64Array(3), link: 'softmax' };
    await inFolder(async (folder) => {
      const path = join(folder, 'model.onnx');
      await graphs.writeModel({ preprocessor, model, classes }, path);
      assert.deepEqual(await readdir(folder), ['model.onnx']);
      assert.deepEqual(JSON.parse(readMetadata(await readFile(path)).get('classes')!), classes);
      const session = await graphs.openModel(path);
      assert.deepEqual(session.inputs, [{ name: 'carrier', type: 'string' }, { name: 'distance', type: 'number' }]);
      assert.deepEqual(session.classes, classes);
      const answer = await session.predict(batchOf(preprocessor, [{ carrier: null, distance: 1 }, { carrier: 'AA', distance: -1 }]));
      assert.deepEqual([...answer.predictions], [2, 0]);
      await session.close();
    });
  });

  it('are the same bytes for the same model', async () => {
    await inFolder(async (folder) => {
      const files = [join(folder, 'a.onnx'), join(folder, 'b.onnx')] as const;
      for (const file of files) await graphs.writeModel({ preprocessor: plainNumbers(2), model: linear, classes: [] }, file);
      assert.deepEqual(await readFile(files[0]), await readFile(files[1]));
    });
  });

  it('are not written for a link that does not fit the classes', async () => {
    await inFolder(async (folder) => {
      const write = (model: LinearModel, classes: readonly string[]) => graphs.writeModel({ preprocessor: plainNumbers(2), model, classes }, join(folder, 'm.onnx'));
      await assert.rejects(write(linear, ['no', 'yes']), failsWith('UNSUPPORTED', /identity does not fit 2 classes/u));
      await assert.rejects(write({ ...linear, link: 'sigmoid' }, []), failsWith('UNSUPPORTED', /sigmoid does not fit 0 classes/u));
      await assert.rejects(write({ ...linear, link: 'softmax' }, ['a', 'b', 'c']), failsWith('UNSUPPORTED', /1 outputs with the link softmax/u));
      assert.deepEqual(await readdir(folder), []);
    });
  });

  it('that are absent, cut off, foreign or of the other kind are refused by what is wrong with them', async () => {
    await inFolder(async (folder) => {
      const [whole, preprocessing, cut, empty] = ['whole', 'preprocessing', 'cut', 'empty'].map((name) => join(folder, name)) as [string, string, string, string];
      await graphs.writeModel({ preprocessor: plainNumbers(2), model: linear, classes: [] }, whole);
      await graphs.writePreprocessing(plainNumbers(2), preprocessing);
      await writeFile(cut, (await readFile(whole)).subarray(0, -20));
      await writeFile(empty, '');
      await assert.rejects(graphs.openModel(join(folder, 'none')), failsWith('NOT_FOUND', /no model file/u));
      await assert.rejects(graphs.openModel(cut), failsWith('INVALID_DATA', /cut off/u));
      await assert.rejects(graphs.openModel(empty), failsWith('INVALID_DATA', /not written by/u));
      await assert.rejects(graphs.openModel(preprocessing), failsWith('INVALID_DATA', /preprocessing alone/u));
    });
  });

  it('that cannot be put in place leave nothing behind', async () => {
    await inFolder(async (folder) => {
      await assert.rejects(graphs.writeModel({ preprocessor: plainNumbers(2), model: linear, classes: [] }, join(folder, 'absent', 'm.onnx')), { code: 'ENOENT' });
      assert.deepEqual(await readdir(folder), []);
    });
  });
});
