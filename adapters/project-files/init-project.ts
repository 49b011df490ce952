import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** What a new project starts with, from the package: working definitions and recipes on the sample data, to be changed and replaced. */
const PARTS = ['config/environments', 'feature_repo', 'recipes', '.env.example'] as const;

/** Small files that a package cannot hold under their own names. */
const WRITTEN: Readonly<Record<string, string>> = {
  '.gitignore': ['node_modules/', '.tools/', '.env', '/data/', '/mlruns/', '/logs/', ''].join('\n'),
  '.npmrc': ['# Nothing here needs an install script: onnxruntime-node\'s would download GPU libraries.', 'ignore-scripts=true', ''].join('\n'),
};

/** Copies the parts into the folder; files that exist stay as they are. Resolves to the files written, relative to the folder. */
export async function initProject(packageFolder: string, folder: string): Promise<readonly string[]> {
  const written: string[] = [];
  for (const part of PARTS) {
    for (const source of await filesBelow(join(packageFolder, part))) {
      const name = relative(packageFolder, source);
      const target = resolve(folder, name);
      if (existsSync(target)) continue;
      await mkdir(dirname(target), { recursive: true });
      if (name.endsWith('.ts')) await writeFile(target, importThePackage(await readFile(source, 'utf8')));
      else await cp(source, target);
      written.push(name);
    }
  }
  for (const [name, text] of Object.entries(WRITTEN)) {
    if (existsSync(resolve(folder, name))) continue;
    await writeFile(resolve(folder, name), text);
    written.push(name);
  }
  return written;
}

async function filesBelow(path: string): Promise<readonly string[]> {
  if (!existsSync(path)) return [];
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => undefined);
  return entries === undefined ? [path] : entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** Definitions import the package by name where they lie outside of it. */
function importThePackage(text: string): string {
  return text.replaceAll(/'(?:\.\.\/)+domain\/[^']*'/g, "'ml-pipeline'");
}
