import { keyColumn } from '../domain/features/snapshot.ts';
import type { EvaluationReport, ModelEntity, WrappedArtifact } from '../domain/model/wrapped-artifact.ts';
import type { PlannedLogModel } from './log-model.ts';
import type { Preparation } from './prepare-matrix.ts';
import type { TrainingHistory } from './train.ts';

/** Puts together what a model needs to be repeated and served. */
export function wrapModel({ plan, matrix, trained, trainingSet }: PlannedLogModel, { preprocessor, profile, example }: Preparation, history: TrainingHistory, evaluation: EvaluationReport): WrappedArtifact {
  const { recipe, selection } = plan;
  return {
    taskType: recipe.data_interface.task_type,
    inputs: preprocessor.inputs,
    classes: matrix.classes,
    target: recipe.data_interface.target_column,
    entities: modelEntities({ plan, trainingSet }, preprocessor.inputs.filter(({ origin }) => origin === 'entity').map(({ name }) => name)),
    ...(selection.columns.length + (selection.onDemand?.length ?? 0) === 0 ? {} : { features: selection }),
    ...(recipe.augmenter.type === 'feature_store' && recipe.augmenter.feature_service !== undefined ? { featureService: recipe.augmenter.feature_service } : {}),
    estimator: { classPath: recipe.model.class_path, hyperparameters: trained.hyperparameters, library: trained.library, libraryVersion: trained.libraryVersion, libraryFiles: trained.libraryFiles.map(({ name }) => name) },
    recipe: { name: recipe.name, text: plan.recipeText },
    loader: { sourceUri: recipe.loader.source_uri, text: plan.sqlTemplate, parameters: recipe.loader.parameters },
    inputExample: example,
    trainingProfile: profile,
    history: history.metrics,
    evaluation,
  };
}

/** The join keys of the features, in the order of the recipe's entity columns, and the entity columns that a step encodes. */
function modelEntities({ plan, trainingSet }: Pick<PlannedLogModel, 'plan' | 'trainingSet'>, encoded: readonly string[]): readonly ModelEntity[] {
  const joinKeys = new Map(plan.selection.views.flatMap((view) => view.joinKeys.map(({ name, type }) => [keyColumn(view, name), type] as const)));
  return plan.recipe.loader.entity_schema.entity_columns
    .filter((name) => joinKeys.has(name) || encoded.includes(name))
    .map((joinKey) => ({ joinKey, type: joinKeys.get(joinKey) ?? (trainingSet.schema.find(({ name }) => name === joinKey)?.type === 'Int64' ? 'Int64' : 'String') }));
}
