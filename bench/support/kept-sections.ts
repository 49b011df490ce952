import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Measured } from './report.ts';

type Facts = readonly (readonly [string, string])[];
const file = (root: string): string => join(root, '.run', 'benchmarks.json');

/** The sections as they were measured last, by name; none of another machine or other versions of the programs. So a long one can be measured in a sitting of its own. */
export async function keptSections(root: string, facts: Facts): Promise<ReadonlyMap<string, Measured>> {
  const text = await readFile(file(root), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return new Map();
  const kept = JSON.parse(text) as { readonly facts: Facts; readonly sections: Readonly<Record<string, Measured>> };
  return new Map(JSON.stringify(kept.facts) === JSON.stringify(facts) ? Object.entries(kept.sections) : []);
}

/** Keeps them beside those that are kept already. */
export async function keepSections(root: string, facts: Facts, measured: ReadonlyMap<string, Measured>): Promise<void> {
  const sections = Object.fromEntries([...(await keptSections(root, facts)), ...measured]);
  await mkdir(join(root, '.run'), { recursive: true });
  await writeFile(file(root), JSON.stringify({ facts, sections }));
}
