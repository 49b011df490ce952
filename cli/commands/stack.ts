import type { Command } from 'commander';
import { STACK_PROCESSES, STACK_SERVERS } from '../../ports/local-stack.ts';
import type { ProcessStatus, StackProcess, StackServer, StackStatus } from '../../ports/local-stack.ts';
import { refuseProblems } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { CommandContext } from '../context.ts';
import { table } from '../output.ts';
import { wholeNumber } from '../option-values.ts';

const PROCESS_NAMES = STACK_PROCESSES.join(', ');

export function registerStack(program: Command, { services, run }: CommandContext): void {
  const stack = program.command('stack').description('The servers of this project on this machine: PostgreSQL, Redis, Temporal; and its own processes in the background.');
  stack
    .command('install [set...]')
    .description('Put the tools that the stack runs, and npm does not have, into the project\'s tool folder.')
    .addHelpText('after', '\nExample:\n  ml-pipeline stack install')
    .action(
      run(async (output, _, sets) => {
        await services.installTools(sets);
        output.result({ installed: sets }, ['The tools are there.']);
      }),
    );
  stack
    .command('up [process...]')
    .description(`Start what does not run, and wait until it answers: the servers, then the processes named (${PROCESS_NAMES}).`)
    .addHelpText('after', '\nExamples:\n  ml-pipeline stack up\n  ml-pipeline stack up worker api')
    .action(
      run(async (output, _, names) => {
        const wanted = processNames(names);
        const note = (step: string): void => output.note(step);
        const servers = await (await services.stack(note)).up(note);
        const background = await services.processes();
        const started = [...servers.started, ...(await background.up(wanted, note))];
        const processes = await background.status();
        output.result({ ...servers, processes, started }, [...statusLines(servers, processes), started.length === 0 ? 'All of it ran already.' : `Started ${started.join(', ')}.`]);
      }),
    );
  stack
    .command('status')
    .description('What runs, and where. Exit code 1 when a server does not.')
    .addHelpText('after', '\nExample:\n  ml-pipeline stack status --json')
    .action(
      run(async (output) => {
        const status = await (await services.stack((step) => output.note(step))).status();
        const processes = await (await services.processes()).status();
        output.result({ ...status, processes }, statusLines(status, processes));
        return status.servers.every(({ state }) => state === 'running') ? 0 : 1;
      }),
    );
  registerLogs(stack, { services, run });
  registerStops(stack, { services, run });
}

function registerLogs(stack: Command, { services, run }: CommandContext): void {
  stack
    .command('logs [name...]')
    .description(`The last lines of the logs of ${STACK_SERVERS.join(', ')}, ${PROCESS_NAMES}.`)
    .option('--lines <count>', 'how many', wholeNumber, 50)
    .addHelpText('after', '\nExample:\n  ml-pipeline stack logs temporal --lines 100')
    .action(
      run<{ readonly lines: number }>(async (output, { lines }, names) => {
        refuseUnknown(names, [...STACK_SERVERS, ...STACK_PROCESSES], 'logs');
        const servers = names.filter((name) => !isProcess(name)) as StackServer[];
        const processes = names.filter(isProcess);
        const all = names.length === 0;
        const logs = [
          ...(all || servers.length > 0 ? await (await services.stack((step) => output.note(step))).logs({ lines, servers }) : []),
          ...(all || processes.length > 0 ? await (await services.processes()).logs({ lines, processes }) : []),
        ].map((log) => ({ name: 'server' in log ? log.server : log.process, text: log.text }));
        output.result(logs, logs.flatMap(({ name, text }) => [`== ${name}`, text]));
      }),
    );
}

function registerStops(stack: Command, { services, run }: CommandContext): void {
  stack
    .command('down [process...]')
    .description('Stop the processes named; without a name, all of them and the servers that `stack up` started. Data stay.')
    .addHelpText('after', '\nExamples:\n  ml-pipeline stack down\n  ml-pipeline stack down worker')
    .action(
      run(async (output, _, names) => {
        const wanted = processNames(names);
        const servers = await services.stack((step) => output.note(step));
        const processes = await (await services.processes()).down(wanted);
        const stopped = wanted.length > 0 ? processes : [...processes, ...(await servers.down())];
        output.result({ stopped }, [stopped.length === 0 ? 'Nothing of it was running.' : `Stopped ${stopped.join(', ')}.`]);
      }),
    );
  stack
    .command('reset')
    .description('Stop everything and remove the servers\' data.')
    .option('--yes', 'really do it')
    .addHelpText('after', '\nExample:\n  ml-pipeline stack reset --yes')
    .action(
      run<{ readonly yes?: boolean }>(async (output, { yes }) => {
        const confirmed = yes === true;
        const servers = await services.stack((step) => output.note(step));
        if (confirmed) await (await services.processes()).down();
        const removed = await servers.reset({ confirmed });
        output.result({ removed }, removed.map((folder) => `Removed ${folder}.`));
      }),
    );
}

const isProcess = (name: string): name is StackProcess => (STACK_PROCESSES as readonly string[]).includes(name);

function processNames(names: readonly string[]): readonly StackProcess[] {
  refuseUnknown(names, STACK_PROCESSES, 'process');
  return names as readonly StackProcess[];
}

/** Refuses, all at once, names that are not among `known`. */
function refuseUnknown(names: readonly string[], known: readonly string[], path: string): void {
  const problems = names.filter((name) => !known.includes(name)).map((name) => ({ path, message: `There is nothing called ${JSON.stringify(name)}.`, cure: suggestion(name, known) }));
  refuseProblems('INVALID_INPUT', 'Nothing was done.', problems);
}

function statusLines({ engine, servers, temporalUiUrl }: StackStatus, processes: readonly ProcessStatus[]): readonly string[] {
  const rows = [...servers.map(({ server, ...status }) => ({ name: server, ...status })), ...processes.map(({ process, ...status }) => ({ name: process, ...status }))];
  return [...table(['name', 'state', 'address', 'detail'], rows.map(({ name, state, address, detail }) => [name, state, address, detail])), `engine ${engine}, Temporal UI ${temporalUiUrl}`];
}
