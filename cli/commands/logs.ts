import { hostname } from 'node:os';
import type { Command } from 'commander';
import { archiveLogs } from '../archive-logs.ts';
import type { CommandContext } from '../context.ts';
import { table } from '../output.ts';

export function registerLogs(program: Command, { services, run }: CommandContext): void {
  program
    .command('logs')
    .description('The log files of this machine.')
    .command('archive')
    .description('Copy the log files to the bucket for logs (artifacts.buckets.logs). They stay here; again: newer copies replace older ones of the same files.')
    .addHelpText('after', '\nExample:\n  ml-pipeline logs archive\n\nEvery hour, by cron: 0 * * * * cd /srv/project && npx ml-pipeline logs archive')
    .action(
      run(async (output) => {
        const [{ logsFolder }, archive] = [await services.settings(), await services.logArchive()];
        const archived = await archiveLogs(logsFolder, hostname(), archive);
        output.result({ archived }, archived.length === 0 ? [`No log file in ${logsFolder} has a whole line.`] : table(['file', 'bytes', 'kept as'], archived.map(({ file, bytes, uri }) => [file, String(bytes), uri])));
      }),
    );
}
