import assert from 'node:assert/strict';
import { parseInstant } from '../../../domain/instant.ts';
import { openFeastHarness, type FeastAnswer, type FeastHarness } from './harness.ts';

const EPOCH = '1970-01-01T00:00:00Z';

describe("Features on demand on Feast's route /get-online-features", () => {
  let api: FeastHarness;
  before(async () => {
    api = await openFeastHarness();
    const row = (key: bigint, clicks: bigint, score: number, event: string) => ({ key: [key], values: [clicks, score, null, null, null, null, null, -5], event: parseInstant(event)! });
    await api.write('user_stats', row(1n, 30n, 11, '2026-11-02T00:00:00Z'), row(2n, 7n, 1, '2026-10-01T00:00:00Z'), row(3n, 7n, 1, '2026-11-02T00:00:00Z'));
    api.now = parseInstant('2026-11-02T12:34:56.999999Z')!;
  });
  after(() => api.close());
  const ask = (body: unknown): Promise<FeastAnswer> => api.post('/get-online-features', body);

  it('are computed from stored features, request columns and the as-of instant, behind the stored ones; a value that is too old counts as missing', async () => {
    const { status, text } = await ask({ feature_service: 'rates_v1', entities: { user_id: [1, 2, 9], shown: [120, 10, 10] } });
    assert.equal(status, 200, text);
    const computed = (...values: unknown[]) => ({ values, statuses: values.map(() => 'PRESENT'), event_timestamps: values.map(() => EPOCH) });
    const { results, metadata } = JSON.parse(text) as { results: unknown[]; metadata: unknown };
    assert.deepEqual(metadata, { feature_names: ['user_id', 'small', 'click_rate', 'minute'] });
    assert.deepEqual(results.slice(2), [computed(0.25, null, null), computed(34, 34, 34)]);
  });

  it('are taken by reference, under their full names when asked to, without the stored features that they need', async () => {
    const { text } = await ask({ features: ['click_rate:minute'], entities: { user_id: [1], shown: [1] }, full_feature_names: true });
    assert.deepEqual((JSON.parse(text) as { metadata: unknown }).metadata, { feature_names: ['user_id', 'click_rate__minute'] });
  });

  it('are refused by Feast\'s error for request data where a column lacks, and with view, feature and row, and no value, where the function gives what does not fit', async () => {
    const lacking = await ask({ features: ['click_rate:minute'], entities: { user_id: [1] } });
    assert.equal(lacking.status, 404);
    assert.match(lacking.text, /RequestDataNotFoundInEntityRowsException.*'shown'.*click_rate/);
    const wrong = await ask({ features: ['click_rate:minute'], entities: { user_id: [1], shown: ['many'] } });
    assert.match(wrong.text, /Request column shown, row 0: .*does not fit Int32/);
    const misfit = await ask({ features: ['click_rate:nick'], entities: { user_id: [1, 3], shown: [1, 1] } });
    assert.equal(misfit.text, JSON.stringify('On-demand feature view "click_rate", row 1: what its function gives for nick does not fit String: it is not text; put it in quotes.'));
    const unknown = await ask({ features: ['click_rate:minutes'], entities: { user_id: [1], shown: [1] } });
    assert.match(unknown.text, /Feature minutes not found in projection click_rate.*minute/);
  });
});
