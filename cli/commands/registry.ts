import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { counted } from '../output.ts';

export function registerRegistry(program: Command, { services, run }: CommandContext): void {
  const registry = program.command('registry').description('Where the feature definitions are kept (settings: registry).');
  registry
    .command('rebuild')
    .description('Write the rows that show the registry file to queries anew. The file is the truth: nothing in it changes.')
    .addHelpText('after', '\n`features apply` writes these rows by itself; this brings them back where that failed, or where the table was removed, and shows the intervals of newer materializations.\n\nExample:\n  ml-pipeline registry rebuild --json')
    .action(
      run((output) =>
        services.withPorts(async ({ featureRegistry }) => {
          const { rows, generation } = await featureRegistry.rebuildTable();
          output.result({ rows, generation }, [`${counted(rows, 'row')} written, of generation ${generation} of the registry file`]);
        }),
      ),
    );
}
