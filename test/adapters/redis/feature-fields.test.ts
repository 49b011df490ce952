import assert from 'node:assert/strict';
import { featureFields } from '../../../adapters/redis/feature-fields.ts';
import { createViewLayouts } from '../../../adapters/redis/view-layout.ts';
import type { PipelineError } from '../../../domain/errors.ts';
import { testView } from '../../contracts/online-rows.ts';

describe('The fields of a read', () => {
  const view = testView('v', [{ name: 'id', type: 'Int64' }], [{ name: 'a', type: 'Int64' }, { name: 'b', type: 'String' }]);
  const layout = createViewLayouts('shop')(view);
  const fieldsOf = (features: readonly string[]) => featureFields(layout, { view, features, entityKeys: [] });

  it('are the event timestamp and the features in their order, as they go over the wire', () => {
    const { names, wire, tellers } = fieldsOf(['b', 'a']);
    assert.deepEqual(names, [layout.fields.timestamp, layout.fields.feature('b'), layout.fields.feature('a')]);
    assert.deepEqual(wire, Buffer.concat(names.flatMap((name) => [Buffer.from(`$${name.length}\r\n`), name, Buffer.from('\r\n')])));
    assert.equal(tellers.length, 2);
  });

  it('are made once for a list, and anew when its owner has changed it', () => {
    const features = ['a'];
    const made = fieldsOf(features);
    assert.equal(fieldsOf(features), made);
    features[0] = 'b';
    assert.deepEqual(fieldsOf(features).names[1], layout.fields.feature('b'));
    features.push('none');
    assert.throws(() => fieldsOf(features), (error: PipelineError) => error.code === 'NOT_FOUND');
  });
});
