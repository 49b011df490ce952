import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** The URL of a module beside the one whose `import.meta.url` is given: `.ts` when it runs from source, `.js` when it was compiled. */
export function siblingModule(name: string, of: string): URL {
  return new URL(`./${name}${runsFromSource(of) ? '.ts' : '.js'}`, of);
}

/** Node options under which a child process can run such a module. */
export function nodeOptions(of: string): readonly string[] {
  return runsFromSource(of) ? ['--import', pathToFileURL(createRequire(of).resolve('tsx')).href] : [];
}

const runsFromSource = (url: string): boolean => url.endsWith('.ts');
