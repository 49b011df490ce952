import { PipelineError } from '../../../domain/errors.ts';

/** Refuses something in the registry that another program wrote and our definitions cannot express. */
export function refuseObject(path: string, message: string): never {
  throw new PipelineError('UNSUPPORTED', 'The registry holds a definition that was written by another program and cannot be read here.', {
    problems: [{ path, message, cure: 'Keep it in a Feast project of its own.' }],
  });
}
