import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PipelineError } from '../../domain/errors.ts';
import type { ArtifactPlace, PlacedFile } from './artifact-place.ts';
import type { Server } from './server.ts';
import { unless } from './tolerate.ts';

const ARTIFACTS = 'mlflow-artifacts/artifacts';

interface Listing {
  readonly files?: readonly { readonly path: string; readonly is_dir?: boolean; readonly file_size?: number | string }[];
}

/** Artifacts that pass through the server (`mlflow server --serve-artifacts`). `root`: the path of their `mlflow-artifacts:` URI. */
export function proxyPlace(server: Server, root: string): ArtifactPlace {
  const base = decodeURIComponent(root).replace(/^\/+|\/+$/g, '');
  const address = (path: string): string => `${ARTIFACTS}/${[...base.split('/'), ...path.split('/')].map(encodeURIComponent).join('/')}`;
  return {
    folder: undefined,
    put: async (path, localFile) => {
      const { size } = await stat(localFile);
      await server.transfer({ what: `artifact ${path}`, path: address(path), method: 'PUT', headers: { 'content-length': String(size), 'content-type': 'application/octet-stream' }, body: (moved) => read(localFile, moved), read: async (response) => void (await response.arrayBuffer()) });
    },
    files: () => filesBelow(server, base, ''),
    get: async ({ path, bytes }, localFile) => {
      const got = await server.transfer({ what: `artifact ${path}`, path: address(path), method: 'GET', read: (response, moved) => save(response, localFile, moved) });
      if (bytes !== undefined && got !== bytes) throw new PipelineError('INVALID_DATA', `The artifact ${base}/${path} has ${bytes} bytes on the MLflow server ${server.uri}, and ${got} came. Something between here and there changes or cuts it.`);
    },
  };
}

async function* read(file: string, moved: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    moved();
    yield chunk as Uint8Array;
  }
}

async function save(response: Response, file: string, moved: () => void): Promise<number> {
  let bytes = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      moved();
      bytes += chunk.byteLength;
      yield chunk;
    }
  };
  await pipeline(response.body === null ? Readable.from([]) : Readable.fromWeb(response.body), counted, createWriteStream(file));
  return bytes;
}

async function filesBelow(server: Server, base: string, folder: string): Promise<PlacedFile[]> {
  const path = folder === '' ? base : `${base}/${folder}`;
  const call = server.call<Listing>({ what: `artifacts ${path}`, path: ARTIFACTS, query: { path } });
  const { files = [] } = await unless<Listing, Listing>('NOT_FOUND', call, {});
  const found: PlacedFile[] = [];
  for (const { path: name, is_dir: isFolder = false, file_size: size } of files) {
    if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name)) throw new PipelineError('INVALID_DATA', `The MLflow server ${server.uri} lists ${JSON.stringify(name)} among the artifacts of ${path}, which is no name of a file.`);
    const below = folder === '' ? name : `${folder}/${name}`;
    if (isFolder) found.push(...(await filesBelow(server, base, below)));
    else found.push({ path: below, bytes: size === undefined ? undefined : Number(size) });
  }
  return found;
}
