import assert from 'node:assert/strict';
import { evaluationPlots } from '../../../../adapters/mlflow/plots/evaluation-plots.ts';
import type { EvaluationReport } from '../../../../domain/model/wrapped-artifact.ts';

const REPORT: EvaluationReport = {
  taskType: 'classification',
  metrics: { test: { roc_auc: 0.6912 } },
  rows: { test: 4000 },
  roc: { late: { falsePositiveRate: [0, 0.1, 0.4, 1], truePositiveRate: [0, 0.35, 0.75, 1] } },
  calibration: { late: [{ predicted: 0.1, observed: 0.12, rows: 2000 }, { predicted: 0.6, observed: 0.55, rows: 2000 }] },
  confusion: { classes: ['on <time>', 'late'], counts: [[3000, 100], [700, 200]] },
  featureImportances: { 'carrier="AA" & co': 3, temp: 12, 'not finite': Number.NaN },
};
const HISTORY = { 'train.log_loss': [0.69, 0.5, Number.NaN, 0.4], 'validation.log_loss': [0.69, 0.55, 0.5, 0.52], 'train.once': [1] };

describe('plots of an evaluation', () => {
  const plots = evaluationPlots({ evaluation: REPORT, history: HISTORY });

  it('are made of what the report has, one file each', () => {
    assert.deepEqual(Object.keys(plots).sort(), ['calibration', 'confusion', 'feature_importances', 'history_log_loss', 'roc'].map((name) => `evaluation/${name}.svg`));
    assert.deepEqual(evaluationPlots({ evaluation: { taskType: 'regression', metrics: {}, rows: {} }, history: {} }), {});
  });

  it('put points where their values are', () => {
    const [, points = ''] = /<polyline points="([^"]+)"/.exec(plots['evaluation/roc.svg'] ?? '') ?? [];
    const xy = points.split(' ').map((point) => point.split(',').map(Number));
    assert.deepEqual([xy[0], xy.at(-1)], [[66, 404], [536, 40]], 'from the lower left corner of the frame to the upper right one');
    assert.deepEqual(xy[2], [66 + 0.4 * 470, 404 - 0.75 * 364]);
  });

  it('hold no value that is not finite, and no text that is not escaped', () => {
    for (const [name, svg] of Object.entries(plots)) {
      assert.doesNotMatch(svg, /NaN|Infinity|undefined|on <time>|"AA"/, name);
      assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [\s\S]*<\/svg>\n$/, name);
    }
    assert.match(plots['evaluation/confusion.svg'] ?? '', /on &lt;time&gt;/);
    assert.equal((plots['evaluation/history_log_loss.svg'] ?? '').match(/<polyline/g)?.length, 2);
  });

  it('sort the bars, the longest first', () => {
    const names = [...(plots['evaluation/feature_importances.svg'] ?? '').matchAll(/text-anchor="end"[^>]*>([^<]+)</g)].map((match) => match[1]);
    assert.deepEqual(names, ['temp', 'carrier=&quot;AA&quot; &amp; co']);
  });
});
