import type { EvaluationReport, WrappedArtifact } from '../../../domain/model/wrapped-artifact.ts';
import { barPlot } from './bar-plot.ts';
import { confusionPlot } from './confusion-plot.ts';
import { linePlot } from './line-plot.ts';
import type { Series } from './line-plot.ts';

/** Relative path in the model folder -> SVG text, for all that the report and the training history have; MLflow's UI shows these files as pictures. */
export function evaluationPlots({ evaluation, history }: Pick<WrappedArtifact, 'evaluation' | 'history'>): Readonly<Record<string, string>> {
  const { confusion, featureImportances } = evaluation;
  const plots: Record<string, string | undefined> = {
    roc: rocPlot(evaluation),
    calibration: calibrationPlot(evaluation),
    confusion: confusion === undefined ? undefined : confusionPlot(confusion),
    feature_importances: featureImportances === undefined || Object.keys(featureImportances).length === 0 ? undefined : barPlot('Feature importances', featureImportances),
    ...historyPlots(history),
  };
  return Object.fromEntries(Object.entries(plots).flatMap(([name, svg]) => (svg === undefined ? [] : [[`evaluation/${name}.svg`, svg]])));
}

function rocPlot({ roc, metrics }: EvaluationReport): string | undefined {
  const series = Object.entries(roc ?? {}).map(([name, { falsePositiveRate, truePositiveRate }]): Series => ({ name, points: falsePositiveRate.map((rate, i) => [rate, truePositiveRate[i] ?? Number.NaN]) }));
  const auc = metrics['test']?.['roc_auc'];
  const title = `ROC curve (test rows${auc === undefined ? '' : `, AUC ${auc.toFixed(4)}`})`;
  return series.length === 0 ? undefined : linePlot({ title, x: 'false positive rate', y: 'true positive rate', series, unitSquare: true });
}

function calibrationPlot({ calibration }: EvaluationReport): string | undefined {
  const series = Object.entries(calibration ?? {}).map(([name, bins]): Series => ({ name, points: bins.map((bin) => [bin.predicted, bin.observed]) }));
  return series.length === 0 ? undefined : linePlot({ title: 'Calibration (test rows)', x: 'mean predicted probability', y: 'share of the class', series, unitSquare: true, dots: true });
}

/** One plot per metric, with a line for each part of the rows: `train.log_loss` and `validation.log_loss` share one. */
function historyPlots(history: WrappedArtifact['history']): Record<string, string> {
  const byMetric = new Map<string, Series[]>();
  for (const [key, values] of Object.entries(history)) {
    if (values.length < 2) continue;
    const metric = key.slice(key.indexOf('.') + 1);
    byMetric.set(metric, [...(byMetric.get(metric) ?? []), { name: key, points: values.map((value, index) => [index, value]) }]);
  }
  return Object.fromEntries([...byMetric].map(([metric, series]) => [`history_${metric.replace(/[^\w-]/g, '_')}`, linePlot({ title: `Training history: ${metric}`, x: 'iteration', y: metric, series, unitSquare: false })]));
}
