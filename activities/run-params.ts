import type { PlannedLogModel } from './log-model.ts';

/** MLflow cuts longer values silently; what is longer is in `recipe.yaml`. */
const LONGEST = 500;

/** What the run was told, by the names of the recipe. */
export function runParams({ plan, trained, matrix }: PlannedLogModel): Readonly<Record<string, string>> {
  const { model, loader, augmenter, data_interface: dataInterface, evaluation } = plan.recipe;
  const params: Record<string, unknown> = {
    class_path: model.class_path,
    ...trained.hyperparameters,
    ...Object.fromEntries(Object.entries(loader.parameters).map(([name, value]) => [`loader.${name}`, value])),
    features: augmenter.type === 'feature_store' ? (augmenter.feature_service ?? (augmenter.features ?? []).join(',')) : 'pass_through',
    request_columns: augmenter.request_columns.join(','),
    target_column: dataInterface.target_column,
    test_size: evaluation.split.test_size,
    validation_size: evaluation.split.validation_size,
    matrix_columns: matrix.matrix.columns,
  };
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, clip(String(value))]));
}

function clip(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 3)}...`;
}
