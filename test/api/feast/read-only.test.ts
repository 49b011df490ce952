import assert from 'node:assert/strict';
import { openFeastHarness, type FeastHarness } from './harness.ts';

describe('a feature server that only reads', () => {
  let harness: FeastHarness;
  before(async () => (harness = await openFeastHarness({ readOnly: true })));
  after(() => harness.close());

  it('answers reads, and its health', async () => {
    await harness.write('user_extra', { key: [1n], values: [7n, null], event: harness.now });
    const { status, text } = await harness.post('/get-online-features', { features: ['user_extra:clicks'], entities: { user_id: [1] } });
    assert.equal(status, 200);
    assert.match(text, /\{"values":\[7\]/);
    assert.equal((await harness.request('/health')).status, 200);
  });

  it('refuses everything that writes, and writes nothing', async () => {
    const df = { user_id: [2], event_timestamp: ['2026-11-23T10:00:00Z'], clicks: [1], tags: [null] };
    for (const [path, body] of Object.entries({ '/push': { push_source_name: 'user_push', df }, '/write-to-online-store': { feature_view_name: 'user_extra', df }, '/materialize': { start_ts: '2026-11-22', end_ts: '2026-11-23' }, '/materialize-incremental': { end_ts: '2026-11-23' } })) {
      const { status, text } = await harness.post(path, body);
      assert.equal(status, 403, path);
      assert.match(text, /api\.feature_server/);
    }
    assert.deepEqual(harness.started, []);
    const { text } = await harness.post('/get-online-features', { features: ['user_extra:clicks'], entities: { user_id: [2] } });
    assert.match(text, /\{"values":\[null\]/);
  });
});
