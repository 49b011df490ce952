import assert from 'node:assert/strict';
import { isOutputName, modelOutputs, probabilityNames } from '../../ml/model-outputs.ts';

describe('the outputs of a model graph', () => {
  it('are a prediction for regression; a label and a probability for each class otherwise', () => {
    assert.deepEqual(modelOutputs([]), [{ name: 'prediction', type: 'float' }]);
    assert.deepEqual(modelOutputs(['0', '1']).map(({ name, type }) => `${name} ${type}`), ['label int64', 'probability_0 float', 'probability_1 float']);
  });

  it('have names of plain characters, all different, that no input column may have', () => {
    const names = probabilityNames(['on time', 'on-time', 'on_time_2', '', 'é']);
    assert.deepEqual(names, ['probability_on_time', 'probability_on_time_2', 'probability_on_time_2_2', 'probability_', 'probability__']);
    for (const name of [...names, 'label', 'prediction']) assert.ok(isOutputName(name));
    assert.ok(!isOutputName('labels'));
  });
});
