import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { MatrixRef, MatrixStore } from '../../ports/matrix-store.ts';
import { openNpy, writeNpy } from './npy.ts';
import type { NpyShape } from './npy.ts';

/** Matrices as NPY files in an artifact store. */
export function createNpyMatrixStore(artifacts: ArtifactStore): MatrixStore {
  return {
    async write(ref, chunks) {
      const folder = await artifacts.temporaryFolder('matrix');
      try {
        const path = join(folder, 'matrix.npy');
        await writeNpy(path, shapeOf(ref), chunks);
        await artifacts.publish(path, ref.uri);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async read(ref, rows = { start: 0, end: ref.rows }) {
      const file = await openNpy(await artifacts.localPath(ref.uri));
      try {
        const wanted = shapeOf(ref).join(' x ');
        if (file.shape.join(' x ') !== wanted) throw new PipelineError('INVALID_DATA', `${ref.uri} holds ${file.shape.join(' x ')} values; expected ${wanted}. Run the step that writes it again.`);
        return await file.rows(rows);
      } finally {
        await file.close();
      }
    },
  };
}

function shapeOf({ rows, columns }: MatrixRef): NpyShape {
  return columns === 0 ? [rows] : [rows, columns];
}
