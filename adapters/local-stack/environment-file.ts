import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** An empty setting whose name ends so is a password that is made up at first set-up. */
const EMPTY_PASSWORD = /^([A-Z_]*PASSWORD)=[ \t]*$/gm;

/**
 * Makes `.env` in the project folder from the example, with random passwords, readable by its owner only. In an existing one only empty passwords are filled: no server
 * takes an empty one, so none is in use. Resolves to whether the file was made.
 */
export function ensureEnvironmentFile(projectFolder: string, exampleFile: string): boolean {
  const file = join(projectFolder, '.env');
  if (existsSync(file)) {
    fillPasswords(file);
    return false;
  }
  const text = withPasswords(readFileSync(exampleFile, 'utf8'));
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

function withPasswords(text: string): string {
  return text.replace(EMPTY_PASSWORD, (_line, name: string) => `${name}=${randomBytes(18).toString('hex')}`);
}

function fillPasswords(file: string): void {
  const text = readFileSync(file, 'utf8');
  const filled = withPasswords(text);
  if (filled === text) return;
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, filled, { mode: 0o600 });
  renameSync(temporary, file);
}

/** The settings of `.env` where there is one, with the environment's variables before them. */
export function readSettings(projectFolder: string, environment: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const file = join(projectFolder, '.env');
  return { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...environment };
}
