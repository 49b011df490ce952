import type { FeatureRepository } from '../domain/features/definitions.ts';
import type { FeatureRegistry } from '../ports/feature-registry.ts';

/** The definitions as applied. Work runs on these, not on the files of `feature_repo/`: so does Feast, and what Feast applied works here too. */
export async function readRegistry(registry: FeatureRegistry): Promise<FeatureRepository> {
  const [entities, views, featureServices] = [await registry.entities(), await registry.featureViews(), await registry.featureServices()];
  return { entities, featureViews: views.map(({ view }) => view), featureServices };
}
