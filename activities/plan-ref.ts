import type { Micros } from '../domain/instant.ts';
import type { Recipe } from '../domain/recipe/recipe.ts';
import type { ArtifactStore } from '../ports/artifact-store.ts';
import type { TrainingPlan } from './plan-training.ts';
import { readJson } from './run-files.ts';

/**
 * A plan as the workflow carries it: where it is, and the few things that are decided by. The whole would be in the history once for every step, and a wide feature
 * service makes it large.
 */
export interface PlanRef {
  /** A `TrainingPlan` as JSON; its name holds its hash, so that it never changes. */
  readonly uri: string;
  readonly recipeName: string;
  readonly recipe: Pick<Recipe, 'name' | 'registration' | 'evaluation'>;
  readonly asOfMicros: Micros;
  readonly features: number;
  readonly views: number;
}

/** An activity's input with its plan read. */
export type Planned<I> = Omit<I, 'plan'> & { readonly plan: TrainingPlan };

export async function withPlan<I extends { readonly plan: PlanRef }>(store: ArtifactStore, input: I): Promise<Planned<I>> {
  return { ...input, plan: await readJson<TrainingPlan>(store, input.plan.uri) };
}
