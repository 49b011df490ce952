import type { Bucket } from '@google-cloud/storage';
import type { LogArchive } from '../../ports/log-archive.ts';
import { plainName } from './object-names.ts';
import { checkBucket, uploadFile } from './objects.ts';

/** Log files as objects of a bucket. */
export function createGcsLogArchive(bucket: Bucket): LogArchive {
  return {
    where: `gs://${bucket.name}`,
    check: () => checkBucket(bucket),
    keep: async (localFile, name) => {
      const object = plainName({ bucket: bucket.name, prefix: '' }, name);
      await uploadFile(bucket, object, localFile, 'text/plain; charset=utf-8');
      return `gs://${bucket.name}/${object}`;
    },
  };
}
