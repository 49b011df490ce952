import { open, type FileHandle } from 'node:fs/promises';
import { PipelineError } from '../../domain/errors.ts';
import type { Tree } from '../../domain/model/fitted-model.ts';
import { parseHeader, parseTree, type ModelHeader } from './model-text.ts';

/** LightGBM's model file as trees, in the file's order. It is read tree by tree: a forest's text can be longer than the longest string. */
export async function readModelFile(path: string): Promise<{ readonly header: ModelHeader; readonly trees: readonly Tree[] }> {
  const file = await open(path, 'r');
  try {
    const { header, end } = await readHeader(file, path);
    const trees: Tree[] = [];
    let position = end;
    for (const size of header.treeSizes) {
      trees.push(parseTree(await readText(file, position, size)));
      position += size;
    }
    return { header, trees };
  } finally {
    await file.close();
  }
}

/** The header ends with the empty line after `tree_sizes`; its length grows with the number of columns and trees. */
async function readHeader(file: FileHandle, path: string): Promise<{ readonly header: ModelHeader; readonly end: number }> {
  const { size } = await file.stat();
  for (let length = 1 << 16; ; length *= 4) {
    const text = await readText(file, 0, Math.min(length, size));
    const sizes = text.indexOf('\ntree_sizes=');
    const end = sizes < 0 ? -1 : text.indexOf('\n\n', sizes);
    if (end >= 0) return { header: parseHeader(text.slice(0, end)), end: Buffer.byteLength(text.slice(0, end)) + 2 };
    if (length >= size) throw new PipelineError('INVALID_DATA', `${path} is not a LightGBM model in text format: it has no list of trees.`);
  }
}

async function readText(file: FileHandle, position: number, length: number): Promise<string> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.toString('utf8', 0, bytesRead);
}
