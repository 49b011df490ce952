/**
 * Generates adapters/feast/gen from adapters/feast/proto, offline, with the programs that npm installs.
 *
 *   node --import tsx scripts/generate_feast_messages.ts [OUTPUT_FOLDER]
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const programs = join(root, 'node_modules', '.bin');

/** Writes TypeScript for every message into `folder`, in place of what is there. */
export function generateFeastMessages(folder: string): void {
  const temporary = mkdtempSync(join(tmpdir(), 'feast-messages-'));
  try {
    execFileSync(join(programs, 'buf'), ['generate', join(root, 'adapters/feast/proto'), '--template', template(temporary)], {
      env: { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH ?? ''}` },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (existsSync(folder)) rmSync(folder, { recursive: true });
    cpSync(join(temporary, 'feast'), join(folder, 'feast'), { recursive: true });
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/** TypeScript that Node runs by leaving the types out: no enums, imports with their true file names. */
function template(out: string): string {
  return JSON.stringify({ version: 'v2', plugins: [{ local: 'protoc-gen-es', out, opt: ['target=ts', 'import_extension=ts', 'erasable_syntax=true'] }] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generateFeastMessages(process.argv[2] ?? join(root, 'adapters/feast/gen'));
