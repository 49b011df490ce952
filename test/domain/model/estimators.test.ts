import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { checkHyperparameters, ESTIMATORS, withDefaults } from '../../../domain/model/estimators.ts';
import { describeAccepted, faultOf } from '../../../domain/model/estimators/hyperparameter-rule.ts';

const messages = (estimator: string, values: Parameters<typeof checkHyperparameters>[1]): string[] => checkHyperparameters(estimator, values).map((p) => `${p.path} ${p.message} ${p.cure ?? ''}`.trim());

describe('estimator catalogue', () => {
  it('has defaults that it takes itself', () => {
    for (const [name, estimator] of Object.entries(ESTIMATORS)) {
      for (const [key, rule] of Object.entries(estimator.hyperparameters)) assert.equal(faultOf(rule, rule.default), undefined, `${name}.${key}`);
      assert.deepEqual(checkHyperparameters(name, withDefaults(name, {})), []);
    }
  });

  it('takes what scikit-learn users write', () => {
    assert.deepEqual(messages('RandomForestClassifier', { n_estimators: 100, max_depth: 12, max_features: 'log2', min_samples_leaf: 0.01, class_weight: 'balanced', warm_start: false, random_state: null }), []);
    assert.deepEqual(messages('LogisticRegression', { C: 0.1, penalty: null, solver: 'saga', max_iter: 500 }), []);
    assert.deepEqual(messages('LGBMRegressor', { num_leaves: 63, subsample: 0.8, subsample_freq: 1, objective: 'huber', early_stopping_rounds: 10 }), []);
  });

  it('tells all problems at once, with the nearest name', () => {
    assert.deepEqual(messages('RandomForestClassifier', { n_estimator: 10, max_depth: 0, max_features: 'sqr', min_samples_leaf: 1.5, class_weight: 'heavy' }), [
      'hyperparameters.n_estimator is not a hyperparameter of RandomForestClassifier Did you mean "n_estimators"?',
      'hyperparameters.max_depth is 0, not a whole number >= 1 and <= 1000, or null',
      'hyperparameters.max_features is "sqr", not "sqrt", "log2" or null, or a whole number >= 1, or a number > 0 and < 1 Did you mean "sqrt"?',
      'hyperparameters.min_samples_leaf is 1.5, not a whole number >= 1, or a number > 0 and < 1',
      'hyperparameters.class_weight is "heavy", not null or "balanced" There is: balanced.',
    ]);
  });

  it('refuses what cannot be honoured, with the reason', () => {
    const [warm, verbose] = messages('RandomForestClassifier', { warm_start: true, n_jobs: -1 });
    assert.match(warm ?? '', /warm_start is true, which cannot be honoured: each training starts anew/);
    assert.match(verbose ?? '', /n_jobs is -1, which cannot be honoured/);
  });

  it('checks both ends of a range and every choice', () => {
    assert.deepEqual(messages('RandomForestClassifier', { max_depth: { type: 'int', low: 0, high: 16 } }), ['hyperparameters.max_depth is a range from 0, not a whole number >= 1 and <= 1000, or null']);
    assert.deepEqual(messages('RandomForestClassifier', { n_estimators: { type: 'float', low: 10, high: 20 } }), ['hyperparameters.n_estimators is a range of type float, not a whole number >= 1 and <= 100000']);
    assert.deepEqual(messages('RandomForestClassifier', { max_features: { type: 'categorical', choices: ['sqrt', 0.5, -1] } }), ['hyperparameters.max_features has the choice -1, not "sqrt", "log2" or null, or a whole number >= 1, or a number > 0 and < 1']);
    assert.deepEqual(messages('LGBMClassifier', { learning_rate: { type: 'float', low: 0.01, high: 0.3, log: true }, num_leaves: { type: 'int', low: 7, high: 127 } }), []);
  });

  it('refuses hyperparameters that contradict each other', () => {
    assert.match(messages('RandomForestRegressor', { min_samples_split: 10, min_samples_leaf: 2 })[0] ?? '', /min_samples_split is 10, which cannot be honoured beyond twice min_samples_leaf \(2\)/);
    assert.deepEqual(messages('RandomForestRegressor', { min_samples_split: 10, min_samples_leaf: 5 }), []);
    assert.match(messages('LGBMClassifier', { subsample: 0.5 })[0] ?? '', /does nothing while subsample_freq is 0/);
    assert.match(messages('LGBMClassifier', { boosting_type: 'dart', early_stopping_rounds: 5 })[0] ?? '', /dart/);
    assert.match(messages('LGBMRegressor', { objective: 'quantile', alpha: 1 })[0] ?? '', /alpha.*at least 1/);
    assert.deepEqual(messages('LGBMRegressor', { objective: 'huber', alpha: 1.5 }), []);
    assert.match(messages('RandomForestClassifier', { bootstrap: false, max_samples: 0.5 })[0] ?? '', /bootstrap is false/);
  });

  it('gives the reason for each value of scikit-learn that it cannot honour', () => {
    const refusedValues: readonly (readonly [string, string, readonly string[]])[] = [
      ['RandomForestClassifier', 'criterion', ['entropy', 'log_loss']],
      ['RandomForestRegressor', 'criterion', ['friedman_mse', 'absolute_error', 'poisson']],
      ['LogisticRegression', 'penalty', ['l1', 'elasticnet']],
      ['LogisticRegression', 'solver', ['liblinear']],
      ['RandomForestClassifier', 'class_weight', ['balanced_subsample']],
      ['Ridge', 'solver', ['lbfgs']],
    ];
    for (const [estimator, name, values] of refusedValues) {
      for (const value of values) assert.match(messages(estimator, { [name]: value })[0] ?? '', /which cannot be honoured: .{15,}\. Use /, `${estimator} ${name} ${value}`);
    }
  });

  it('lists contradictions beside other problems', () => {
    const found = messages('RandomForestClassifier', { n_estimatorz: 100, min_samples_split: 100, min_samples_leaf: 20 });
    assert.equal(found.length, 2);
    assert.match(found.join(' '), /n_estimatorz.*min_samples_split/s);
  });

  it('does not take a name that every object has for a hyperparameter', () => {
    assert.match(messages('Ridge', { constructor: 1 })[0] ?? '', /is not a hyperparameter of Ridge/);
  });

  it('names the nearest estimator', () => {
    assert.match(messages('RandomForrestClassifier', {})[0] ?? '', /Did you mean "RandomForestClassifier"\?/);
  });
});

describe('docs/estimators.md', () => {
  it('says of each hyperparameter what the catalogue says', async () => {
    const page = await readFile(new URL('../../../docs/estimators.md', import.meta.url), 'utf8');
    for (const [name, estimator] of Object.entries(ESTIMATORS)) {
      const section = page.split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? '';
      const rows = Object.entries(estimator.hyperparameters).map(([key, rule]) => {
        const refusals = Object.entries(rule.refusals ?? {}).map(([value, reason]) => ` Refused: ${value}, since ${reason}`).join('');
        return `| \`${key}\` | ${describeAccepted(rule)} | ${JSON.stringify(rule.default)} | ${rule.status === 'refused' ? 'Refused otherwise: ' : ''}${rule.meaning}${refusals} |`;
      });
      assert.deepEqual(section.split('\n').filter((line) => line.startsWith('| `')), rows, name);
    }
  });
});
