import { PipelineError } from '../../../domain/errors.ts';

/** Refuses something in the registry that another program wrote and our definitions cannot express. */
export function refuseObject(path: string, message: string, cure = 'It can be used by Feast alone.'): never {
  throw new PipelineError('UNSUPPORTED', 'The registry holds a definition that was written by another program and cannot be read here.', { problems: [{ path, message, cure }] });
}

/** What was read, or why it cannot be. */
export function tryRead<T>(read: () => T): { readonly value: T } | { readonly reason: string } {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { reason: error.problems.map(({ message, cure }) => `${message}${cure === undefined ? '' : ` ${cure}`}`).join(' ') || error.message };
  }
}
