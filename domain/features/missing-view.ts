import { PipelineError } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { FeatureRepository } from './definitions.ts';

/** What to say of a feature view that is asked for and is none of the repository's: why another program's cannot be used here, or the nearest name. */
export function missingView({ featureViews, onDemandFeatureViews = [], unusable = [] }: FeatureRepository, name: string): { readonly message: string; readonly cure: string } {
  const other = unusable.find((definition) => definition.kind !== 'entity' && definition.name === name);
  if (other !== undefined) return { message: `"${name}" is ${/^[aeiou]/.test(other.kind) ? 'an' : 'a'} ${other.kind} that another program applied and that cannot be used here.`, cure: other.reason };
  return { message: `There is no feature view "${name}".`, cure: suggestion(name, [...featureViews, ...onDemandFeatureViews].map((view) => view.name)) };
}

/** The same as an error: UNSUPPORTED or NOT_FOUND. */
export function missingViewError(repository: FeatureRepository, name: string): PipelineError {
  const { message, cure } = missingView(repository, name);
  const isThere = (repository.unusable ?? []).some((definition) => definition.kind !== 'entity' && definition.name === name);
  return new PipelineError(isThere ? 'UNSUPPORTED' : 'NOT_FOUND', `${message} ${cure}`);
}
