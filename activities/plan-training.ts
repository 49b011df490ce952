import { parseInstant, type Micros } from '../domain/instant.ts';
import type { FeatureRepository } from '../domain/features/definitions.ts';
import { selectFeatures } from '../domain/features/resolve.ts';
import type { FeatureSelection } from '../domain/features/snapshot.ts';
import type { Recipe } from '../domain/recipe/recipe.ts';
import type { Ports } from '../ports/ports.ts';
import { readRegistry } from './registry-reader.ts';
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

export interface PlanTrainingInput {
  readonly recipe: string;
  readonly asOf?: string;
}

type Needs = Pick<Ports, 'clock' | 'recipes' | 'sqlTemplates' | 'featureRegistry'>;

/** Reads and checks the recipe, its template and its features before any work starts. */
export function createPlanTraining({ clock, recipes, sqlTemplates, featureRegistry }: Needs) {
  return {
    planTraining: (input: PlanTrainingInput): Promise<TrainingPlan> =>
      withHeartbeats(async () => {
        const { recipe, text } = await recipes.load(input.recipe);
        const asOfMicros = input.asOf === undefined ? clock.now() : (parseInstant(input.asOf) ?? clock.now());
        const { source_uri: sourceUri, parameters } = recipe.loader;
        const sqlTemplate = await sqlTemplates.source(sourceUri);
        await sqlTemplates.render({ sourceUri, parameters, asOfMicros });
        return { recipeName: input.recipe, recipe, recipeText: text, sqlTemplate, asOfMicros, selection: await select(recipe, () => readRegistry(featureRegistry)) };
      }),
  };
}

async function select({ augmenter }: Recipe, registry: () => Promise<FeatureRepository>): Promise<FeatureSelection> {
  if (augmenter.type === 'pass_through') return { views: [], columns: [] };
  return selectFeatures(await registry(), augmenter.feature_service === undefined ? { features: augmenter.features ?? [] } : { featureService: augmenter.feature_service });
}
