import { createHash } from 'node:crypto';
import type { Micros } from '../domain/instant.ts';
import { outputColumns, type FeatureSelection } from '../domain/features/snapshot.ts';
import type { Recipe } from '../domain/recipe/recipe.ts';
import type { Ports } from '../ports/ports.ts';
import { checkTraining, type TrainingRequest } from './check-training.ts';
import type { PlanRef } from './plan-ref.ts';
import { publishJson, runFile } from './run-files.ts';
import { withHeartbeats } from './activity-runtime.ts';

/** All that a training run needs to know, fixed when it starts: a later change of a file or of the registry changes nothing in it. */
export interface TrainingPlan {
  readonly recipeName: string;
  readonly recipe: Recipe;
  readonly recipeText: string;
  /** The loader's template with its macros, not rendered. */
  readonly sqlTemplate: string;
  readonly asOfMicros: Micros;
  readonly selection: FeatureSelection;
}

export interface PlanTrainingInput extends TrainingRequest {
  readonly key: string;
}

type Needs = Pick<Ports, 'clock' | 'recipes' | 'sqlTemplates' | 'featureRegistry' | 'artifactStore' | 'warehouse'>;

/** Reads the recipe and checks it against its query, the registry and its own steps, before any work starts: every problem at once. */
export function createPlanTraining(ports: Needs) {
  return {
    planTraining: ({ key, ...request }: PlanTrainingInput): Promise<PlanRef> =>
      withHeartbeats(async () => {
        const { loaded, asOfMicros, sqlTemplate, selection } = await checkTraining(ports, request);
        const plan: TrainingPlan = { recipeName: request.recipe, recipe: loaded.recipe, recipeText: loaded.text, sqlTemplate, asOfMicros, selection };
        return publishPlan(ports.artifactStore, key, plan);
      }),
  };
}

/** Another attempt may plan otherwise (the clock has moved): named by its contents, the plan of one attempt never takes the place of another's. */
async function publishPlan(store: Ports['artifactStore'], key: string, plan: TrainingPlan): Promise<PlanRef> {
  const { recipeName, asOfMicros, selection } = plan;
  const { name, registration, evaluation } = plan.recipe;
  const hash = createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16);
  const uri = await publishJson(store, store.uri(runFile(key, `plan-${hash}.json`)), plan);
  return { uri, recipeName, recipe: { name, registration, evaluation }, asOfMicros, features: outputColumns(selection).length, views: selection.views.length + (selection.onDemand?.length ?? 0) };
}
