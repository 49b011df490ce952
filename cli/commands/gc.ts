import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { findGarbage, type Garbage } from '../garbage.ts';
import { duration } from '../option-values.ts';
import { table } from '../output.ts';

const FORTNIGHT_MS = 14 * 86_400_000;

interface GcOptions {
  readonly olderThan: number;
  readonly dryRun?: boolean;
}

export function registerGc(program: Command, { services, run }: CommandContext): void {
  program
    .command('gc')
    .description('Remove what runs left behind: files between steps, expired spine tables, folders of killed attempts. Models, runs and what a running workflow uses stay.')
    .option('--older-than <age>', 'files of runs that nothing was written to for this long, e.g. 7d or 12h', duration, FORTNIGHT_MS)
    .option('--dry-run', 'only say what would be removed')
    .addHelpText('after', '\nExample:\n  ml-pipeline gc --older-than 7d --dry-run')
    .action(
      run<GcOptions>((output, { olderThan, dryRun }) =>
        services.withTemporal((client) =>
          services.withPorts(async ({ warehouse, clock }) => {
            const storage = await services.runStorage();
            const { garbage, kept } = await findGarbage({ client, storage, warehouse }, clock.now() / 1000, olderThan);
            for (const { kind, name } of dryRun === true ? [] : garbage) await (kind === 'spine' ? warehouse.dropSpine(name) : storage.remove({ kind, name }));
            const bytes = garbage.reduce((sum, part) => sum + part.bytes, 0);
            const shown = garbage.map(({ sinceMillis, ...part }) => ({ ...part, since: new Date(sinceMillis).toISOString() }));
            output.result({ dry_run: dryRun === true, [dryRun === true ? 'garbage' : 'removed']: shown, bytes, kept }, [
              ...(garbage.length === 0 ? [] : table(['what', 'name', 'size', 'unused since'], garbage.map(row))),
              `${dryRun === true ? 'To remove' : 'Removed'}: ${garbage.length}, ${megabytes(bytes)}. Kept: ${kept.running} of running workflows, ${kept.recent} too recent.`,
            ]);
          }),
        ),
      ),
    );
}

const row = ({ kind, name, bytes, sinceMillis }: Garbage): readonly string[] => [kind, name, megabytes(bytes), new Date(sinceMillis).toISOString().slice(0, 16)];
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
