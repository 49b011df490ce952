import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createOnnxModelGraphs } from '../../../adapters/onnx/model-graphs.ts';
import type { LinearModel } from '../../../domain/model/fitted-model.ts';
import { batchOf, inFolder, plainNumbers, rowOf } from './fixtures.ts';
import { linked, rawOutputs } from './oracle.ts';

const graphs = createOnnxModelGraphs();

/** A fixed sequence of numbers in [-1, 1). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 31 - 1;
}

function modelOf(columns: number, outputs: number, link: LinearModel['link'], random: () => number): LinearModel {
  return {
    kind: 'linear', link,
    coefficients: Array.from({ length: outputs }, () => Float64Array.from({ length: columns }, random)),
    intercepts: Float64Array.from({ length: outputs }, random),
  };
}

describe('linear models as ONNX graphs', () => {
  for (const [link, outputs, classes] of [['identity', 1, []], ['sigmoid', 1, ['no', 'yes']], ['softmax', 3, ['a', 'b', 'c']]] as const) {
    for (const columns of [1, 2, 7, 33, 129, 1000]) {
      it(`give the sums of float64 and the same bits for a row alone: ${link}, ${columns} columns`, async () => {
        const random = sequence(columns + outputs);
        const model = modelOf(columns, outputs, link, random);
        const rows = Array.from({ length: columns > 100 ? 40 : 300 }, () => Array.from({ length: columns }, () => Math.fround(random() * 10)));
        const preprocessor = plainNumbers(columns);
        await inFolder(async (folder) => {
          await graphs.writeModel({ preprocessor, model, classes }, join(folder, 'm.onnx'));
          const session = await graphs.openModel(join(folder, 'm.onnx'));
          assert.deepEqual(session.classes, classes);
          const all = await session.predict(batchOf(preprocessor, rows.map(rowOf)));
          for (const [i, row] of rows.entries()) {
            const expected = linked(model, rawOutputs(model, row));
            const given = classes.length === 0 ? [all.predictions[i]!] : all.probabilities.map((values) => values[i]!);
            expected.forEach((value, k) => assert.ok(Math.abs(value - given[k]!) <= 1e-6 * Math.max(1, Math.abs(value)), `${value} and ${given[k]}`));
            const alone = await session.predict(batchOf(preprocessor, [rowOf(row)]));
            assert.ok(Object.is(alone.predictions[0], all.predictions[i]));
            alone.probabilities.forEach((values, k) => assert.ok(Object.is(values[0], all.probabilities[k]![i])));
          }
          await session.close();
        });
      });
    }
  }
});
