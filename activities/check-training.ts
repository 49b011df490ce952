import { PipelineError, type Problem } from '../domain/errors.ts';
import type { FeatureRepository } from '../domain/features/definitions.ts';
import { selectFeatures } from '../domain/features/resolve.ts';
import type { FeatureSelection } from '../domain/features/snapshot.ts';
import { parseInstant, type Micros } from '../domain/instant.ts';
import type { Recipe } from '../domain/recipe/recipe.ts';
import type { Ports } from '../ports/ports.ts';
import type { LoadedRecipe } from '../ports/recipe-source.ts';
import { attempt, refuseMisfits, type Findings } from './check-plan.ts';
import { readRegistry } from './registry-reader.ts';

export interface TrainingRequest {
  readonly recipe: string;
  readonly asOf?: string;
}

/** A recipe that fits its template, its query, the registry and its own steps, with what was found there. */
export interface CheckedTraining {
  readonly loaded: LoadedRecipe;
  readonly asOfMicros: Micros;
  /** The loader's template with its macros, not rendered. */
  readonly sqlTemplate: string;
  readonly selection: FeatureSelection;
}

type Needs = Pick<Ports, 'clock' | 'recipes' | 'sqlTemplates' | 'featureRegistry' | 'warehouse'>;

/**
 * Reads the recipe and checks it against its template, its query, the registry and its own steps; changes nothing. INVALID_RECIPE with every problem, each with line and column. UNAVAILABLE when a
 * server does not answer, unless the files alone are wrong already.
 */
export async function checkTraining(ports: Needs, { recipe: name, asOf }: TrainingRequest): Promise<CheckedTraining> {
  const loaded = await ports.recipes.load(name);
  const asOfMicros = asOf === undefined ? ports.clock.now() : (parseInstant(asOf) ?? ports.clock.now());
  const problems: Problem[] = [];
  const { sqlTemplate, ...findings } = await find(ports, loaded.recipe, asOfMicros, problems).catch((error: unknown) => {
    if (error instanceof PipelineError) refuseMisfits(loaded, name, { problems, columns: undefined, selection: undefined });
    throw error;
  });
  refuseMisfits(loaded, name, { problems, ...findings });
  return { loaded, asOfMicros, sqlTemplate: sqlTemplate ?? '', selection: findings.selection ?? { views: [], columns: [] } };
}

async function find({ sqlTemplates, warehouse, featureRegistry }: Needs, { loader, augmenter }: Recipe, asOfMicros: Micros, problems: Problem[]): Promise<Omit<Findings, 'problems'> & { readonly sqlTemplate: string | undefined }> {
  const { source_uri: sourceUri, parameters } = loader;
  const sqlTemplate = await attempt(problems, 'loader.source_uri', () => sqlTemplates.source(sourceUri));
  const query = sqlTemplate === undefined ? undefined : await attempt(problems, 'loader.source_uri', () => sqlTemplates.render({ sourceUri, parameters, asOfMicros }));
  const columns = query === undefined ? undefined : await attempt(problems, 'loader.source_uri', () => warehouse.describeQuery(query));
  const path = augmenter.type === 'feature_store' && augmenter.feature_service !== undefined ? 'augmenter.feature_service' : 'augmenter.features';
  const selection = await attempt(problems, path, () => select(augmenter, () => readRegistry(featureRegistry)), (problem) => referencePlace(augmenter, problem));
  return { sqlTemplate, columns, selection };
}

async function select(augmenter: Recipe['augmenter'], registry: () => Promise<FeatureRepository>): Promise<FeatureSelection> {
  if (augmenter.type === 'pass_through') return { views: [], columns: [] };
  return selectFeatures(await registry(), augmenter.feature_service === undefined ? { features: augmenter.features ?? [] } : { featureService: augmenter.feature_service });
}

/** The entry of `augmenter.features` that a problem of the selection is about. */
function referencePlace(augmenter: Recipe['augmenter'], { path }: Problem): string | undefined {
  const references = augmenter.type === 'feature_store' ? (augmenter.features ?? []) : [];
  const index = references.findIndex((reference) => path === `features ${reference}` || path === `features ${JSON.stringify(reference)}`);
  return index < 0 ? undefined : `augmenter.features[${index}]`;
}
