/**
 * What a training keeps between its steps is named by its key, the id of its workflow's first run: the folder `runs/<key>` among the artifacts, and a spine table whose name
 * ends with the key.
 */
export const RUNS_FOLDER = 'runs';

/** The end of the name of the run's spine table: PostgreSQL names hold no `-`. */
export function spineSuffix(key: string): string {
  return `_${key.replaceAll('-', '')}`;
}
