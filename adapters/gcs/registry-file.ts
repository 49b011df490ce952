import { buffer } from 'node:stream/consumers';
import type { Bucket } from '@google-cloud/storage';
import { PipelineError } from '../../domain/errors.ts';
import type { RegistryFile, RegistryFileVersion } from '../../ports/registry-file.ts';
import { objectBytes } from './download.ts';
import { hasStatus, storageFailure } from './failure.ts';
import { objectState, type ObjectState } from './objects.ts';

/** How often the newest version is asked for anew where it is replaced between the question and the download. */
const TRIES = 5;

/**
 * One object as a registry's file. Its generation is that of the object. Each writing names the generation that it replaces, so that none is lost, and goes in one request: what breaks off
 * leaves the object as it was. Feast's own client writes without that: where it writes at the same time, the last one wins.
 */
export function createGcsRegistryFile(bucket: Bucket, name: string): RegistryFile {
  const place = `gs://${bucket.name}/${name}`;
  const missing = (cause: unknown): PipelineError => new PipelineError('INVALID_CONFIG', `There is no bucket ${bucket.name} for the feature registry. Create it, or correct registry.path in config/environments.`, { cause });
  const newest = async (): Promise<ObjectState | undefined> => {
    try {
      return await objectState(bucket, name);
    } catch (error) {
      throw error instanceof PipelineError && error.code === 'INVALID_CONFIG' && hasStatus(error.cause, 404) ? missing(error.cause) : error;
    }
  };
  return {
    place,
    generation: async () => (await newest())?.generation,
    async read(): Promise<RegistryFileVersion | undefined> {
      for (let tries = 1; ; tries += 1) {
        const state = await newest();
        if (state === undefined) return undefined;
        try {
          return { bytes: await buffer(objectBytes(bucket, name, state)), generation: state.generation };
        } catch (error) {
          if (tries === TRIES || !(error instanceof PipelineError && ['NOT_FOUND', 'INVALID_DATA'].includes(error.code))) throw error;
        }
      }
    },
    async write(bytes, ifGeneration) {
      const file = bucket.file(name);
      try {
        await file.save(Buffer.from(bytes), { resumable: false, validation: 'crc32c', contentType: 'application/octet-stream', preconditionOpts: { ifGenerationMatch: ifGeneration ?? 0 } });
      } catch (error) {
        if (hasStatus(error, 412)) return undefined;
        throw hasStatus(error, 404) ? missing(error) : storageFailure(error, bucket.name, place);
      }
      return String(file.metadata.generation);
    },
  };
}
