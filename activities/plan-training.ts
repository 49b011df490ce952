import { createHash } from 'node:crypto';
import { parseInstant, type Micros } from '../domain/instant.ts';
import type { FeatureRepository } from '../domain/features/definitions.ts';
import { selectFeatures } from '../domain/features/resolve.ts';
import { outputColumns, type FeatureSelection } from '../domain/features/snapshot.ts';
import type { Problem } from '../domain/errors.ts';
import type { Recipe } from '../domain/recipe/recipe.ts';
import type { Ports } from '../ports/ports.ts';
import { attempt, refuseMisfits } from './check-plan.ts';
import type { PlanRef } from './plan-ref.ts';
import { readRegistry } from './registry-reader.ts';
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

export interface PlanTrainingInput {
  readonly recipe: string;
  readonly asOf?: string;
  readonly key: string;
}

type Needs = Pick<Ports, 'clock' | 'recipes' | 'sqlTemplates' | 'featureRegistry' | 'artifactStore' | 'warehouse'>;

/** Reads the recipe and checks it against its query, the registry and its own steps, before any work starts: every problem at once. */
export function createPlanTraining({ clock, recipes, sqlTemplates, featureRegistry, artifactStore, warehouse }: Needs) {
  return {
    planTraining: (input: PlanTrainingInput): Promise<PlanRef> =>
      withHeartbeats(async () => {
        const loaded = await recipes.load(input.recipe);
        const { recipe, text } = loaded;
        const asOfMicros = input.asOf === undefined ? clock.now() : (parseInstant(input.asOf) ?? clock.now());
        const { source_uri: sourceUri, parameters } = recipe.loader;
        const problems: Problem[] = [];
        const query = await attempt(problems, 'loader.parameters', () => sqlTemplates.render({ sourceUri, parameters, asOfMicros }));
        const columns = query === undefined ? undefined : await attempt(problems, 'loader.source_uri', () => warehouse.describeQuery(query));
        const selection = await attempt(problems, 'augmenter', async () => select(recipe, () => readRegistry(featureRegistry)));
        refuseMisfits(loaded, input.recipe, { problems, columns, selection });
        const plan: TrainingPlan = { recipeName: input.recipe, recipe, recipeText: text, sqlTemplate: await sqlTemplates.source(sourceUri), asOfMicros, selection: selection ?? { views: [], columns: [] } };
        return publishPlan(artifactStore, input.key, plan);
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

async function select({ augmenter }: Recipe, registry: () => Promise<FeatureRepository>): Promise<FeatureSelection> {
  if (augmenter.type === 'pass_through') return { views: [], columns: [] };
  return selectFeatures(await registry(), augmenter.feature_service === undefined ? { features: augmenter.features ?? [] } : { featureService: augmenter.feature_service });
}
