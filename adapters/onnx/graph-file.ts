import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { PipelineError } from '../../domain/errors.ts';
import { METADATA_FIELD } from './onnx-messages.ts';
import type { ProtobufMessage } from './protobuf-writer.ts';

/** Parts that one write hands to the system (its limit of buffers in a call is 1024). */
const PARTS_PER_WRITE = 512;

/** Writes the message; the file appears under its name when it is whole. */
export async function writeGraphFile(message: ProtobufMessage, path: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      for (let i = 0; i < message.parts.length; i += PARTS_PER_WRITE) await writeAll(file, message.parts.slice(i, i + PARTS_PER_WRITE));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** writev may write less than it was given. */
async function writeAll(file: Awaited<ReturnType<typeof open>>, parts: readonly Uint8Array[]): Promise<void> {
  let rest = [...parts];
  while (rest.length > 0) {
    let { bytesWritten } = await file.writev(rest);
    while (rest.length > 0 && bytesWritten >= rest[0]!.length) bytesWritten -= rest.shift()!.length;
    if (rest.length > 0) rest = [rest[0]!.subarray(bytesWritten), ...rest.slice(1)];
  }
}

/** NOT_FOUND when there is no such file. */
export async function readGraphFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new PipelineError('NOT_FOUND', `there is no model file ${path}`, { cause: error });
  }
}

/** The texts kept beside the graph (metadata_props); INVALID_DATA when the bytes are no protocol buffer message. */
export function readMetadata(file: Uint8Array): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  for (const { field, content } of fieldsOf(file)) {
    if (field !== METADATA_FIELD || content === undefined) continue;
    const entry = new Map([...fieldsOf(content)].map((part) => [part.field, Buffer.from(part.content ?? []).toString('utf8')]));
    metadata.set(entry.get(1) ?? '', entry.get(2) ?? '');
  }
  return metadata;
}

/** The fields of one message; `content` for length-delimited ones. Nested messages are not entered. */
function* fieldsOf(bytes: Uint8Array): Generator<{ readonly field: number; readonly content: Uint8Array | undefined }> {
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; position < bytes.length; factor *= 128) {
      const byte = bytes[position++]!;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
    throw truncated();
  };
  while (position < bytes.length) {
    const tag = varint();
    const [field, wireType] = [Math.floor(tag / 8), tag % 8];
    const length = wireType === 2 ? varint() : wireType === 5 ? 4 : wireType === 1 ? 8 : 0;
    if (wireType === 0) varint();
    else if (length > bytes.length - position || wireType === 3 || wireType === 4 || wireType > 5) throw truncated();
    yield { field, content: wireType === 2 ? bytes.subarray(position, position + length) : undefined };
    position += length;
  }
}

function truncated(): PipelineError {
  return new PipelineError('INVALID_DATA', 'the model file is cut off or is no ONNX file; write it again');
}
