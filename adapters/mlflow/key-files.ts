import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesOf } from './store.ts';

/** Keys of a folder of params, tags or metrics, sorted: file paths below it, since `/` in a key is a sub-folder. */
export async function keysIn(folder: string, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for (const entry of await entriesOf(join(folder, prefix))) {
    const key = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) keys.push(...(await keysIn(folder, key)));
    else keys.push(key);
  }
  return keys.sort();
}

/** Key -> content of its file, as it is. */
export async function readKeyFiles(folder: string): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const key of await keysIn(folder)) values[key] = await readFile(join(folder, key), 'utf8');
  return values;
}
