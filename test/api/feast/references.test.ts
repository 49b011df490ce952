import assert from 'node:assert/strict';
import { openFeastHarness, type FeastHarness } from './harness.ts';

describe('What is nearly right in a request for features', () => {
  let api: FeastHarness;
  before(async () => {
    api = await openFeastHarness();
  });
  after(() => api.close());

  const KEYS = { user_id: [1] };
  /** Statuses and classes are those of Feast 0.67. */
  const cases: readonly (readonly [string, object, number, RegExp])[] = [
    ['a view without a feature', { features: ['user_stats'], entities: KEYS }, 500, /^Invalid feature reference 'user_stats'\. Expected format: '<feature_view>:<feature>' .*Did you mean "user_stats:clicks"\?$/],
    ['a misspelt view without a feature', { features: ['user_stat'], entities: KEYS }, 500, /Did you mean "user_stats:clicks"\?$/],
    ['a feature without a view', { features: ['rate_limit'], entities: KEYS }, 500, /Did you mean "settings:rate_limit"\?$/],
    ['a misspelt feature without a view', { features: ['clic'], entities: KEYS }, 500, /Did you mean "user_stats:clicks"\?$/],
    ['nothing near', { features: ['zzzzzz'], entities: KEYS }, 500, /@<version>:<feature>'$/],
    ['a view with an empty feature', { features: ['user_stats:'], entities: KEYS }, 500, /^'Feature {2}not found in projection user_stats\. A reference is \\'<feature_view>:<feature>\\'\. Did you mean "user_stats:clicks"\?'$/],
    ['an on-demand view with an empty feature', { features: ['click_rate:'], entities: KEYS }, 500, /Did you mean "click_rate:click_rate"\?'$/],
    ['an unknown view with an empty feature', { features: ['user_stat:'], entities: KEYS }, 404, /FeatureViewNotFoundException.*user_stat does not exist in project shop\. Did you mean \\"user_stats\\"\?/],
    ['an empty view', { features: [':rate_limit'], entities: KEYS }, 404, /FeatureViewNotFoundException.*A reference is '<feature_view>:<feature>'\. Did you mean \\"settings:rate_limit\\"\?/],
    ['a colon alone', { features: [':'], entities: KEYS }, 404, /FeatureViewNotFoundException.*A reference is '<feature_view>:<feature>'"\}$/],
    ['a misspelt feature', { features: ['user_stats:click'], entities: KEYS }, 500, /^'Feature click not found in projection user_stats\. Did you mean "clicks"\?'$/],
    ['a version of a view', { features: ['user_stats@V2:clicks'], entities: KEYS }, 500, /^Version-qualified ref 'user_stats@V2' not supported: online versioning is disabled\. Ask for user_stats without a version\.$/],
    ['a misspelt service', { feature_service: 'stat_v1', entities: KEYS }, 404, /FeatureServiceNotFoundException.*Feature service stat_v1 does not exist in project shop\. Did you mean \\"stats_v1\\"\?/],
    ['a misspelt join key', { features: ['user_stats:clicks'], entities: { usr_id: [1] } }, 500, /^"Missing join key values for keys: \['item_id', 'user_id'\].*Provided join_key_values: \[\]\. Did you mean 'user_id' by 'usr_id'\?"$/],
    ['two misspelt join keys', { features: ['user_item:n'], entities: { user_idd: [1], itemid: ['x'] } }, 500, /Did you mean 'user_id' by 'user_idd'\? Did you mean 'item_id' by 'itemid'\?"$/],
    ['another column in place of the join key', { features: ['user_stats:clicks'], entities: { zzzzzz: [1] } }, 500, /Provided join_key_values: \[\]"$/],
  ];
  for (const [title, body, status, expected] of cases) {
    it(`is told with the nearest right name: ${title}`, async () => {
      const said = await api.post('/get-online-features', body);
      assert.equal(said.status, status, said.text);
      assert.match(JSON.parse(said.text) as string, expected);
    });
  }

  for (const name of ['user_stats@latest', 'user_stats@LATEST', 'user_stats@']) {
    it(`is the newest version of a view in ${name}, as in Feast`, async () => {
      const { status, text } = await api.post('/get-online-features', { features: [`${name}:clicks`], entities: KEYS });
      assert.equal(status, 200, text);
      assert.match(text, /"feature_names":\["user_id","clicks"\]/);
    });
  }
});
