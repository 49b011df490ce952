import { PipelineError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';

/** The promise's value; `otherwise` where it fails with that code. */
export async function unless<T, U>(code: ErrorCode, promise: Promise<T>, otherwise: U): Promise<T | U> {
  return promise.catch((error: unknown) => {
    if (error instanceof PipelineError && error.code === code) return otherwise;
    throw error;
  });
}

/**
 * What `find` finds, or else what `make` makes. A server that breaks off leaves open whether it made the thing: it is looked for again before it is made again.
 */
export async function findOrMake<T>(find: () => Promise<T | undefined>, make: () => Promise<unknown>): Promise<T | undefined> {
  const found = await find();
  if (found !== undefined) return found;
  await unless('UNAVAILABLE', make(), undefined);
  const made = await find();
  if (made !== undefined) return made;
  await make();
  return find();
}

/** A thing that was made a second time goes. A repeat of the call finds it gone: then all is well, too. */
export async function removeSurplus(removal: Promise<unknown>): Promise<void> {
  await unless('NOT_FOUND', removal, undefined);
}
