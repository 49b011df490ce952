import type { FeatureRepository } from '../domain/features/definitions.ts';

/** Reads the definitions of the project's `feature_repo/`. INVALID_DEFINITION with every problem. */
export interface FeatureRepositorySource {
  load(): Promise<FeatureRepository>;
}
