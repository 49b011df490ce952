import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFeatureRepositorySource } from '../adapters/feature-repo/feature-repository-source.ts';
import { readPositionedYaml } from '../adapters/yaml/recipe-document.ts';
import { createYamlRecipeSource } from '../adapters/yaml/recipe-source.ts';
import { assumptions, type Assumptions } from '../domain/cost/assumptions.ts';
import type { PriceList } from '../domain/cost/price-list.ts';
import { PipelineError, refuseProblems } from '../domain/errors.ts';
import { selectFeatures } from '../domain/features/resolve.ts';
import type { Recipe } from '../domain/recipe/recipe.ts';
import { schedules, type ScheduleDefinition } from '../domain/schedules/definition.ts';
import { defaulted, object } from '../domain/validation/object.ts';
import { check, isRecord, type Issue } from '../domain/validation/shape.ts';
import { interpolate } from './interpolate.ts';
import { readEnvironmentFile } from './load-config.ts';
import { loadPriceList } from './prices.ts';

/** What an estimate starts from. */
export interface CostBasis {
  /** Features that are read for one prediction. */
  readonly features: number;
  readonly prices: PriceList;
  readonly assumptions: Assumptions;
  /** As declared in the environment's settings, by name. */
  readonly schedules: Readonly<Record<string, ScheduleDefinition>>;
}

/**
 * From the project's files alone: recipe, feature definitions, prices, schedules, and assumptions from a YAML file (without one, the defaults). No server is asked, and of the settings only the
 * schedules are read, so no secret is needed.
 */
export async function loadCostBasis(projectFolder: string, recipeName: string, assumptionsPath?: string): Promise<CostBasis> {
  const { recipe } = await createYamlRecipeSource(join(projectFolder, 'recipes')).load(recipeName);
  return { features: await countFeatures(projectFolder, recipe), prices: await loadPriceList(projectFolder), assumptions: await readAssumptions(assumptionsPath), schedules: await declaredSchedules(projectFolder) };
}

/** INVALID_CONFIG when the schedules have problems, or need a variable that is not set. */
async function declaredSchedules(projectFolder: string): Promise<Readonly<Record<string, ScheduleDefinition>>> {
  const { file, variables, value, locate } = await readEnvironmentFile(projectFolder);
  const issues: Issue[] = [];
  const declared = interpolate({ schedules: isRecord(value) ? value['schedules'] : undefined }, variables, issues);
  const checked = check(object({ schedules: defaulted(schedules, {}) }), declared);
  refuseProblems('INVALID_CONFIG', `${file} has problems.`, [...issues, ...checked.issues].map(locate));
  return checked.value.schedules;
}

async function countFeatures(projectFolder: string, { augmenter }: Recipe): Promise<number> {
  if (augmenter.type === 'pass_through') return 0;
  const repository = await createFeatureRepositorySource(join(projectFolder, 'feature_repo')).load();
  return selectFeatures(repository, augmenter.feature_service === undefined ? { features: augmenter.features ?? [] } : { featureService: augmenter.feature_service }).columns.length;
}

async function readAssumptions(path: string | undefined): Promise<Assumptions> {
  if (path === undefined) return check(assumptions, {}).value;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new PipelineError('NOT_FOUND', `There is no readable file ${path} with assumptions. docs/cost.md shows one.`, { cause: error });
  });
  const document = readPositionedYaml(text, path);
  refuseProblems('INVALID_INPUT', `${path} cannot be read.`, document.problems);
  const { value, issues } = check(assumptions, document.value ?? {});
  refuseProblems('INVALID_INPUT', `The assumptions in ${path} have problems.`, issues.map(document.locate));
  return value;
}
