import assert from 'node:assert/strict';
import { PipelineError } from '../../../domain/errors.ts';
import { openFeastHarness, type FeastHarness } from './harness.ts';

describe("Feast's routes /materialize and /materialize-incremental", () => {
  let api: FeastHarness;
  before(async () => {
    api = await openFeastHarness();
  });
  after(() => api.close());
  beforeEach(() => {
    api.started.length = 0;
    api.materialization = () => Promise.resolve();
    api.ending = () => Promise.resolve();
  });

  it('materialize a window of some views, and answer when it is done', async () => {
    const said = await api.post('/materialize', { start_ts: '2026-11-01', end_ts: '2026-11-02T00:00:00', feature_views: ['user_stats'] });
    assert.deepEqual([said.status, said.text], [200, 'null']);
    assert.deepEqual(api.started, [{ views: ['user_stats'], start: '2026-11-01T00:00:00.000000Z', end: '2026-11-02T00:00:00.000000Z' }]);
  });

  it('materialize all views, from the beginning when event timestamps do not count', async () => {
    assert.equal((await api.post('/materialize', { disable_event_timestamp: true })).status, 200);
    assert.deepEqual(api.started, [{ start: '1970-01-01T00:00:00.000000Z', end: '2026-11-02T12:00:00.000000Z' }]);
  });

  it('take a view once that is named twice', async () => {
    const said = await api.post('/materialize', { disable_event_timestamp: true, feature_views: ['user_stats', 'user_stats'] });
    assert.equal(said.status, 200, said.text);
    assert.deepEqual((api.started[0] as { views?: unknown }).views, ['user_stats']);
  });

  it('materialize what is new', async () => {
    assert.equal((await api.post('/materialize-incremental', { end_ts: '2026-11-02T00:00:00Z' })).status, 200);
    assert.deepEqual(api.started, [{ end: '2026-11-02T00:00:00.000000Z', incremental: true }]);
  });

  it('answer 202 at once when asked to', async () => {
    const said = await api.post('/materialize-incremental?async=true', { end_ts: '2026-11-02T00:00:00Z', feature_views: ['user_stats'] });
    assert.deepEqual([said.status, said.text], [202, '{"status":"accepted","feature_views":["user_stats"]}']);
  });

  it('answer 409 while the same views are under way, 503 without Temporal', async () => {
    api.materialization = () => Promise.reject(new PipelineError('CONFLICT', 'running'));
    const busy = await api.post('/materialize', { disable_event_timestamp: true, feature_views: ['user_stats'] });
    assert.equal(busy.status, 409);
    assert.deepEqual(JSON.parse(busy.text).feature_views, ['user_stats']);
    api.materialization = () => Promise.reject(new PipelineError('UNAVAILABLE', 'Temporal at localhost:1 could not start it'));
    const away = await api.post('/materialize', { disable_event_timestamp: true });
    assert.deepEqual([away.status, away.headers.get('retry-after')], [503, '1']);
    assert.match(JSON.parse(away.text), /Temporal does not answer/);
    assert.doesNotMatch(away.text, /localhost/);
  });

  it('answer what the check of the workflow refuses at once, also where nobody waits', async () => {
    const problem = { path: 'end', message: 'is 2030-01-01T00:00:00.000000Z, which is in the future: it is 2026-11-02T12:00:00.000000Z now', cure: 'Leave it out.' };
    api.materialization = () => Promise.reject(new PipelineError('INVALID_INPUT', 'Nothing was materialized.', { problems: [problem] }));
    for (const path of ['/materialize', '/materialize?async=true', '/materialize-incremental?async=true']) {
      const said = await api.post(path, { start_ts: '2026-11-01', end_ts: '2030-01-01' });
      assert.equal(said.status, 422, said.text);
      assert.deepEqual(JSON.parse(said.text), { detail: [{ type: 'value_error', loc: ['body', 'end_ts'], msg: `It ${problem.message}. Give an earlier instant.`, input: '2030-01-01T00:00:00.000000Z' }] });
    }
    api.materialization = () => Promise.reject(new PipelineError('NOT_FOUND', 'Nothing was materialized.', { problems: [{ path: 'views', message: 'names user_stats, which is no online feature view of the registry' }] }));
    const gone = await api.post('/materialize?async=true', { disable_event_timestamp: true, feature_views: ['user_stats'] });
    assert.equal(gone.status, 404);
    assert.match(gone.text, /FeatureViewNotFoundException.*user_stats/);
  });

  it('answer 503 when a server goes away while the request waits', async () => {
    api.ending = () => Promise.reject(new PipelineError('UNAVAILABLE', 'Temporal does not answer any more; materialize-all goes on when it is back.'));
    const said = await api.post('/materialize', { disable_event_timestamp: true });
    assert.deepEqual([said.status, said.headers.get('retry-after')], [503, '1']);
    assert.match(JSON.parse(said.text), /feast\.errors.*Temporal does not answer/);
    assert.equal((await api.post('/materialize?async=true', { disable_event_timestamp: true })).status, 202, 'nobody waits');
  });

  for (const [title, path, body, status, expected] of [
    ['a window without an end', '/materialize', { start_ts: '2026-11-01' }, 500, /start_ts and end_ts are required/],
    ['a window that ends before it starts', '/materialize', { start_ts: '2026-11-02', end_ts: '2026-11-01' }, 500, /must be before/],
    ['a time that is none', '/materialize', { start_ts: 'yesterday', end_ts: '2026-11-01' }, 500, /Invalid timestamp format: yesterday/],
    ['an unknown view', '/materialize', { disable_event_timestamp: true, feature_views: ['user_stat'] }, 404, /FeatureViewNotFoundException.*Did you mean/],
    ['an on-demand view', '/materialize', { disable_event_timestamp: true, feature_views: ['click_rate'] }, 500, /computed on demand.*nothing to materialize/],
    ['no end of what is new', '/materialize-incremental', {}, 422, /"loc":\["body","end_ts"\]/],
  ] as const) {
    it(`refuse ${title}, and start nothing`, async () => {
      const said = await api.post(path, body);
      assert.equal(said.status, status, said.text);
      assert.match(said.text, expected);
      assert.deepEqual(api.started, []);
    });
  }
});
