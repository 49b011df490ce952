import assert from 'node:assert/strict';
import { FEAST_PATHS } from '../../../api/feast/handler.ts';
import { openApiHarness, type ApiHarness } from '../harness.ts';
import { openFeastHarness, type FeastHarness } from './harness.ts';

interface Described {
  readonly info: { readonly description: string };
  readonly paths: Readonly<Record<string, object>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

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

  it('describes in /openapi.json what it answers, and the schemas of that alone', async () => {
    const { info, paths, components } = JSON.parse((await harness.request('/openapi.json')).text) as Described;
    assert.deepEqual(Object.keys(paths), ['/get-online-features', '/health', '/health/live', '/health/ready', '/metrics']);
    assert.deepEqual(Object.keys(components.schemas).sort(), ['FeastError', 'FeastProblems', 'OnlineFeaturesRequest', 'OnlineFeaturesResponse']);
    assert.match(info.description, /^Reads features/);
  });
});

describe('an API whose feature server is off', () => {
  let api: ApiHarness;
  before(async () => (api = await openApiHarness()));
  after(() => api.close());

  it('has none of its routes, neither answered nor described', async () => {
    const { paths } = (await api.request('/openapi.json')).body as Described;
    for (const path of FEAST_PATHS) {
      const said = await api.request(path, path === '/health' ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
      assert.equal(said.status, 404, path);
      assert.ok(!(path in paths), path);
    }
    assert.ok('/predict' in paths);
  });
});
