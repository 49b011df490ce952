import assert from 'node:assert/strict';
import { RECIPE_KEYS, realData, type RealData, type RecipeKey } from '../../support/real-data.ts';
import { predictInNode, preprocessorOf } from './node-predictions.ts';
import { askPython, needsPython, noteFigures } from './python.ts';

type Scores = Readonly<Record<string, number>>;

interface SideBySide {
  readonly ours: Scores;
  readonly 'same matrix': Scores;
  readonly 'raw columns': Scores;
  /** Whether scikit-learn's encoders make of the raw columns the matrix that we train on, every cell of it. */
  readonly 'encoded alike': boolean;
  readonly cells: number;
  readonly 'single columns'?: number;
}

/** The hyperparameters of each recipe, by the names that the peer has for them. */
const ESTIMATORS = {
  forest: { estimator: 'RandomForestClassifier', names: ['n_estimators', 'max_depth', 'min_samples_leaf', 'max_features'] },
  logistic: { estimator: 'LogisticRegression', names: ['C'] },
  boosting: { estimator: 'LGBMRegressor', names: ['n_estimators', 'num_leaves', 'learning_rate', 'min_child_samples', 'random_state'] },
} as const;

async function sideBySide(data: RealData, key: RecipeKey): Promise<SideBySide> {
  const { ports, models } = data;
  const { trainingSet, matrix, trained } = models[key];
  const { inputs, steps } = await preprocessorOf(data, key);
  const { estimator, names } = ESTIMATORS[key];
  const found = await askPython<SideBySide>({
    command: 'side_by_side',
    estimator,
    hyperparameters: Object.fromEntries(names.map((name) => [name, trained.hyperparameters[name]])),
    split: matrix.split,
    matrix: await ports.artifactStore.localPath(matrix.matrix.uri),
    labels: await ports.artifactStore.localPath(matrix.labels.uri),
    parquet: await ports.artifactStore.localPath(trainingSet.uri),
    numbers: inputs.filter(({ type }) => type === 'number').map(({ name }) => name),
    texts: steps.flatMap((step) => (step.type === 'one_hot' ? Object.keys(step.categories) : [])),
    impute: steps.some(({ type }) => type === 'impute'),
    standardize: steps.some(({ type }) => type === 'standardize'),
    ...(await predictInNode(data, key, trainingSet)),
  });
  noteFigures(`scores of ${key}`, found);
  return found;
}

function assertNear(found: Scores, expected: Scores, tolerance: number, context: string): void {
  for (const [name, value] of Object.entries(expected)) assert.ok(Math.abs(found[name]! - value) <= tolerance, `${name}: ${found[name]} and ${value}, ${context}`);
}

describe('on the last fifth of the flights', function () {
  this.timeout(600_000);
  let data: RealData;
  before(needsPython);
  before(async () => {
    data = await realData();
    noteFigures('seconds of the preparation', data.seconds);
  });

  it('the recipes split by time: training, validation and test rows are 70, 10 and 20 % in that order', () => {
    for (const key of RECIPE_KEYS) {
      const { matrix: { split }, trainingSet } = data.models[key];
      assert.deepEqual([split.training.start, split.training.end, split.validation.end, split.test.end], [0, split.validation.start, split.test.start, trainingSet.rowCount]);
      assert.ok(Math.abs((split.test.end - split.test.start) / trainingSet.rowCount - 0.2) < 0.001 && Math.abs(split.training.end / trainingSet.rowCount - 0.7) < 0.001);
    }
  });

  it("the forest of 100 trees of depth 12 scores as scikit-learn's, on our matrix and from raw columns through its own encoders", async () => {
    const { hyperparameters } = data.models.forest.trained;
    assert.deepEqual([hyperparameters['n_estimators'], hyperparameters['max_depth']], [100, 12]);
    const found = await sideBySide(data, 'forest');
    const told = JSON.stringify(found);
    assertNear(found.ours, found['same matrix'], 0.005, told);
    assertNear(found.ours, found['raw columns'], 0.005, told);
    assertNear(data.models.forest.result.metrics, found.ours, 1e-6, 'our metrics and those of scikit-learn on our predictions');
    assert.ok(found['encoded alike'], told);
    // More would be a column that knows the future; less, features that have lost their rows.
    assert.ok(found.ours['roc_auc']! > 0.66 && found.ours['roc_auc']! < 0.75, told);
    assert.ok(found['single columns']! < 0.7, told);
  });

  it("the logistic regression scores as scikit-learn's", async () => {
    const found = await sideBySide(data, 'logistic');
    const told = JSON.stringify(found);
    assertNear(found.ours, found['same matrix'], 0.001, told);
    assertNear(found.ours, found['raw columns'], 0.001, told);
    assertNear(data.models.logistic.result.metrics, found.ours, 1e-6, 'our metrics and those of scikit-learn on our predictions');
    assert.ok(found['encoded alike'], told);
    assert.ok(found.ours['roc_auc']! > 0.64 && found.ours['roc_auc']! < 0.75, told);
  });

  it("the boosted trees' error in minutes is that of LightGBM's Python package, missing values left to the trees", async () => {
    const found = await sideBySide(data, 'boosting');
    const told = JSON.stringify(found);
    assertNear(found.ours, found['same matrix'], 1e-3, told);
    assertNear(found.ours, found['raw columns'], 1e-3, told);
    assertNear(data.models.boosting.result.metrics, found.ours, 1e-3, 'our metrics and those of scikit-learn on our predictions');
    assert.ok(found['encoded alike'], told);
  });
});
