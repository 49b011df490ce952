import { PipelineError } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { ValueType } from '../../domain/features/value-types.ts';
import type { OnlineReadRequest } from '../../ports/online-store.ts';

/** The types of the requested features, in the request's order. NOT_FOUND, with what there is, for a feature that the view does not have. */
export function featureTypes({ view, features }: OnlineReadRequest): ValueType[] {
  return features.map((name) => {
    const field = view.features.find((candidate) => candidate.name === name);
    if (field === undefined) throw new PipelineError('NOT_FOUND', `Feature view ${view.name} has no feature ${name}. ${suggestion(name, view.features.map((feature) => feature.name))}`);
    return field.type;
  });
}
