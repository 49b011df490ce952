import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, relative, sep } from 'node:path';
import type { BuildFailure, Message, Plugin } from 'esbuild';
import type { Problem } from '../../domain/errors.ts';
import type { TransformBundle } from '../../domain/features/on-demand.ts';
import { TRANSFORM_EXPORT, TRANSFORM_VARIABLE } from '../../domain/features/transform-module.ts';

/** The bundle, or what keeps the module from becoming one. */
export type BundleOutcome = { readonly bundle: TransformBundle } | { readonly problems: readonly Problem[] };

/**
 * One module of the feature repository with all that it imports, as one ES module text that is the same on every machine. Refused: modules of Node, files outside of the repository,
 * top-level await. Types go away; a project's tsconfig has no say.
 */
export async function bundleTransform(folder: string, module: string, path: string): Promise<BundleOutcome> {
  const at = `${path}.module`;
  if (!existsSync(join(folder, module))) return { problems: [{ path: at, message: `There is no file ${module} in the feature repository.`, cure: 'Write it, with the function as its default export.' }] };
  const { build } = await import('esbuild'); // only now: it starts a compiler process
  try {
    const { outputFiles } = await build({
      absWorkingDir: folder,
      entryPoints: [module],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: TRANSFORM_VARIABLE,
      platform: 'neutral',
      mainFields: ['module', 'main'],
      target: 'es2022',
      charset: 'utf8',
      legalComments: 'inline',
      tsconfigRaw: {},
      logLevel: 'silent',
      footer: { js: TRANSFORM_EXPORT.trimEnd() },
      plugins: [onlyOwnFiles(folder)],
    });
    const source = outputFiles[0]!.text;
    return { bundle: { source, sha256: createHash('sha256').update(source).digest('hex') } };
  } catch (error) {
    const errors: readonly Message[] | undefined = (error as Partial<BuildFailure>).errors;
    if (errors === undefined) throw error;
    return { problems: errors.map((message) => ({ path: at, message: `${placeOf(message)}${message.text}`, cure: 'A transform is pure: it works on its row alone.' })) };
  }
}

function placeOf({ location }: Message): string {
  return location === null ? '' : `${location.file}:${location.line}: `;
}

/** Packages are bundled when they run anywhere; files only from the repository. */
function onlyOwnFiles(folder: string): Plugin {
  return {
    name: 'only-own-files',
    setup: (build) => {
      build.onResolve({ filter: /.*/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (pluginData === onlyOwnFiles) return undefined;
        if (isBuiltin(path)) return { errors: [{ text: `It imports ${path}, a module of Node: files, network and processes are out of its reach.` }] };
        const found = await build.resolve(path, { kind, resolveDir, pluginData: onlyOwnFiles });
        if (found.errors.length > 0 || path.startsWith('data:')) return found;
        const inside = relative(folder, found.path);
        if (inside.startsWith('..') && !found.path.includes(`${sep}node_modules${sep}`)) return { errors: [{ text: `It imports ${path}, which lies outside of the feature repository.` }] };
        return found;
      });
    },
  };
}
