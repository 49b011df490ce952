import type { Command } from 'commander';
import type { StackServer, StackStatus } from '../../ports/local-stack.ts';
import type { CommandContext } from '../context.ts';
import { table } from '../output.ts';
import { wholeNumber } from '../option-values.ts';

export function registerStack(program: Command, { services, run }: CommandContext): void {
  const stack = program.command('stack').description('The servers of this project on this machine: PostgreSQL, Redis, Temporal.');
  stack
    .command('up')
    .description('Start what does not run, and wait until it answers.')
    .addHelpText('after', '\nExample:\n  ml-pipeline stack up')
    .action(
      run(async (output) => {
        const up = await (await services.stack()).up((step) => output.note(step));
        output.result(up, [...statusLines(up), up.started.length === 0 ? 'All of it ran already.' : `Started ${up.started.join(', ')}.`]);
      }),
    );
  stack
    .command('status')
    .description('What runs, and where. Exit code 1 when something does not.')
    .addHelpText('after', '\nExample:\n  ml-pipeline stack status --json')
    .action(
      run(async (output) => {
        const status = await (await services.stack()).status();
        output.result(status, statusLines(status));
        return status.servers.every(({ state }) => state === 'running') ? 0 : 1;
      }),
    );
  stack
    .command('logs [server...]')
    .description('The last lines of the logs of postgres, redis, temporal.')
    .option('--lines <count>', 'how many', wholeNumber, 50)
    .addHelpText('after', '\nExample:\n  ml-pipeline stack logs temporal --lines 100')
    .action(
      run<{ readonly lines: number }>(async (output, { lines }, servers) => {
        const logs = await (await services.stack()).logs({ lines, ...(servers.length === 0 ? {} : { servers: servers as readonly StackServer[] }) });
        output.result(logs, logs.flatMap(({ server, text }) => [`== ${server}`, text]));
      }),
    );
  stack
    .command('down')
    .description('Stop the servers that `stack up` started; their data stay.')
    .addHelpText('after', '\nExample:\n  ml-pipeline stack down')
    .action(
      run(async (output) => {
        const stopped = await (await services.stack()).down();
        output.result({ stopped }, [stopped.length === 0 ? 'Nothing of the stack was running.' : `Stopped ${stopped.join(', ')}.`]);
      }),
    );
  stack
    .command('reset')
    .description('Stop the servers and remove their data.')
    .option('--yes', 'really do it')
    .addHelpText('after', '\nExample:\n  ml-pipeline stack reset --yes')
    .action(
      run<{ readonly yes?: boolean }>(async (output, { yes }) => {
        const removed = await (await services.stack()).reset({ confirmed: yes === true });
        output.result({ removed }, removed.map((folder) => `Removed ${folder}.`));
      }),
    );
}

function statusLines({ engine, servers, temporalUiUrl }: StackStatus): readonly string[] {
  return [...table(['server', 'state', 'address', 'detail'], servers.map(({ server, state, address, detail }) => [server, state, address, detail])), `engine ${engine}, Temporal UI ${temporalUiUrl}`];
}
