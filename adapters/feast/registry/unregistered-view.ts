import { PipelineError } from '../../../domain/errors.ts';
import { suggestion } from '../../../domain/nearest.ts';

/** What is wanted of a view that the project does not have: NOT_FOUND with the nearest name. */
export function unregisteredView(name: string, project: string, there: readonly string[]): PipelineError {
  return new PipelineError('NOT_FOUND', `Feature view "${name}" is not in the registry of project "${project}". ${suggestion(name, there)} "ml-pipeline features apply" registers definitions.`);
}
