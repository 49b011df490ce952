import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** An empty setting whose name ends so is a password that is made up at first set-up. */
const EMPTY_PASSWORD = /^([A-Z_]*PASSWORD)=[ \t]*$/gm;

/**
 * Makes `.env` in the project folder from the example, with random passwords, readable by its owner only. An existing one is never changed.
 * Resolves to whether it was made.
 */
export function ensureEnvironmentFile(projectFolder: string, exampleFile: string): boolean {
  const file = join(projectFolder, '.env');
  if (existsSync(file)) return false;
  const text = readFileSync(exampleFile, 'utf8').replace(EMPTY_PASSWORD, (_line, name: string) => `${name}=${randomBytes(18).toString('hex')}`);
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  try {
    linkSync(temporary, file); // fails where another process was faster: its passwords are the ones in use
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      copyFileSync(temporary, file); // a file system without hard links
      return true;
    }
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** The settings of `.env` where there is one, with the environment's variables before them. */
export function readSettings(projectFolder: string, environment: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const file = join(projectFolder, '.env');
  return { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...environment };
}
