import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { LogArchive } from '../ports/log-archive.ts';

export interface ArchivedLog {
  /** Relative to the folder of the logs. */
  readonly file: string;
  readonly uri: string;
  readonly bytes: number;
}

/** Where a line is looked for at both ends of a file. */
const LONGEST_LINE = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Copies every `*.log` of the folder to the archive, as far as its lines are whole; the files stay, and processes go on writing to them. A file's name there has the host and a hash of its
 * first line in it: a later copy of the same file replaces the earlier one, which it begins with, and a file that was begun anew is another one.
 */
export async function archiveLogs(folder: string, host: string, archive: LogArchive): Promise<readonly ArchivedLog[]> {
  const archived: ArchivedLog[] = [];
  const work = await mkdtemp(join(tmpdir(), 'ml-pipeline-logs-'));
  try {
    for (const path of await logFiles(folder)) {
      const whole = await wholeLines(path);
      if (whole === undefined) continue;
      const copy = join(work, 'log');
      await copyFile(path, copy);
      await truncate(copy, whole.bytes); // what has come since is for the next time
      const file = relative(folder, path);
      const name = `${plain(host)}/${file.split('/').map(plain).join('/').slice(0, -'.log'.length)}.${whole.beginning}.log`;
      archived.push({ file, uri: await archive.keep(copy, name), bytes: whole.bytes });
    }
  } finally {
    await rm(work, { recursive: true });
  }
  return archived;
}

async function logFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []; // nothing was logged yet
    throw error;
  });
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.log')).map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** How far the file's lines are whole, and what its first line hashes to; undefined where it has none yet. */
async function wholeLines(path: string): Promise<{ readonly bytes: number; readonly beginning: string } | undefined> {
  const { size } = await stat(path);
  const file = await open(path, 'r');
  try {
    const start = await read(file, 0, Math.min(size, LONGEST_LINE));
    const end = await read(file, Math.max(0, size - LONGEST_LINE), Math.min(size, LONGEST_LINE));
    const last = end.lastIndexOf(NEWLINE);
    if (last === -1) return undefined;
    const first = start.indexOf(NEWLINE);
    return { bytes: size - end.length + last + 1, beginning: createHash('sha256').update(start.subarray(0, first === -1 ? start.length : first)).digest('hex').slice(0, 12) };
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

const plain = (name: string): string => name.replaceAll(/[^\w.-]/g, '_');
