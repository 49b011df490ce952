import assert from 'node:assert/strict';
import { decidePromotion } from '../../../domain/model/promotion.ts';
import type { EvaluationSection } from '../../../domain/recipe/recipe.ts';

const evaluation: EvaluationSection = {
  split: { method: 'time', test_size: 0.2, validation_size: 0.1 },
  metrics: ['roc_auc', 'log_loss'],
  thresholds: { roc_auc: { operator: '>=', bound: 0.68 } },
};
const better = { alias: 'champion', when: 'better', approval: 'none' } as const;

describe('the promotion rule', () => {
  it('measures a first model by the thresholds, the bound inside', () => {
    assert.equal(decidePromotion(better, evaluation, { roc_auc: 0.68 }, undefined).promote, true);
    const refused = decidePromotion(better, evaluation, { roc_auc: 0.67 }, undefined);
    assert.equal(refused.promote, false);
    assert.match(refused.reason, /roc_auc 0.67 is not >= 0.68/);
  });

  it('lets only a strictly better model replace the champion', () => {
    const champion = { version: '3', metrics: { roc_auc: 0.7, log_loss: 0.5 } };
    assert.equal(decidePromotion(better, evaluation, { roc_auc: 0.7001 }, champion).promote, true);
    assert.equal(decidePromotion(better, evaluation, { roc_auc: 0.7 }, champion).promote, false);
  });

  it('takes less as better where the metric says so', () => {
    const byLoss = { ...evaluation, metrics: ['log_loss'] };
    assert.equal(decidePromotion(better, byLoss, { log_loss: 0.4 }, { version: '1', metrics: { log_loss: 0.5 } }).promote, true);
  });

  it('keeps a champion that cannot be scored, and says why', () => {
    const decision = decidePromotion(better, evaluation, { roc_auc: 0.9 }, { version: '2', unscorable: 'the training set has no column temp' });
    assert.equal(decision.promote, false);
    assert.match(decision.reason, /version 2 keeps the alias: the training set has no column temp/);
  });

  it('does what always, never and no rule say', () => {
    assert.equal(decidePromotion({ ...better, when: 'always' }, evaluation, { roc_auc: 0.1 }, undefined).promote, true);
    assert.equal(decidePromotion({ ...better, when: 'never' }, evaluation, { roc_auc: 0.9 }, undefined).promote, false);
    assert.equal(decidePromotion(undefined, evaluation, { roc_auc: 0.9 }, undefined).promote, false);
  });

  it('treats a metric that could not be computed as not met', () => {
    assert.equal(decidePromotion(better, evaluation, { roc_auc: NaN }, undefined).promote, false);
  });
});
