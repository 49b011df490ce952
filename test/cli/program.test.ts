import assert from 'node:assert/strict';
import type { Command } from 'commander';
import { createProgram } from '../../cli/program.ts';
import type { Services } from '../../cli/services.ts';
import { ROOT, runCommand } from './command.ts';

/** Help needs none of them. */
const SERVICES = new Proxy({}, { get: (_, name) => assert.fail(`help used ${String(name)}`) }) as Services;

const withPath = (command: Command, path: string): readonly (readonly [string, Command])[] => [[path, command], ...command.commands.flatMap((child) => withPath(child, `${path} ${child.name()}`))];

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

describe('ml-pipeline --help', () => {
  let commands: ReturnType<typeof withPath>;
  before(async () => {
    commands = withPath(await createProgram(SERVICES, '1.2.3', ['--help']), 'ml-pipeline');
  });

  it('describes every command, and gives an example of each that does something: one that names it', () => {
    assert.ok(commands.length > 20);
    for (const [path, command] of commands) {
      assert.notEqual(command.description(), '', path);
      if (command.commands.length > 0) continue;
      const [, example = ''] = /Examples?:\n +(.*)/.exec(helpOf(command)) ?? [];
      assert.ok(example.replace(/^npx /, '').startsWith(path), `${path}: ${example}`);
    }
  });

  it('has examples whose options are there', () => {
    for (const [path, command] of commands) {
      const [, example = ''] = /Examples?:\n +(.*)/.exec(helpOf(command)) ?? [];
      const known = new Set(commands.flatMap(([, { options }]) => options.map(({ long }) => long)));
      for (const [option] of example.matchAll(/--[a-z-]+/g)) assert.ok(known.has(option), `${path}: ${option}`);
    }
  });

  it('has --json and a description of each option everywhere', () => {
    for (const [path, command] of commands) {
      assert.ok(command.options.some(({ long }) => long === '--json'), path);
      for (const option of command.options) assert.notEqual(option.description, '', `${path} ${option.flags}`);
    }
  });

  it('is there in a moment, since only what a command needs is loaded', async () => {
    const { code, stdout, millis } = await runCommand(ROOT, '--help');
    assert.equal(code, 0);
    assert.match(stdout, /Exit codes: 0 done, 1 the work failed, 2 refused/);
    assert.ok(millis < 10_000, `${millis} ms`); // half a second on a machine that does nothing else
  });
});

describe('A command', () => {
  const namesFor = async (...args: readonly string[]): Promise<readonly string[]> => (await createProgram(SERVICES, '1.2.3', args)).commands.map((command) => command.name());

  it('is found by its own name alone, wherever --json stands', async () => {
    const all = await namesFor();
    assert.ok(all.length > 15);
    for (const name of all) for (const args of [[name], ['--json', name, '--help']]) {
      const loaded = await namesFor(...args);
      assert.ok(loaded.includes(name) && loaded.length <= 3, `${args.join(' ')}: ${loaded.join(' ')}`);
    }
  });

  it('is one of all where the first word is none of them', async () => {
    for (const args of [['help', 'train'], ['--help', 'train'], ['trian']]) assert.deepEqual(await namesFor(...args), await namesFor());
  });
});

describe('A call that is wrong', () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a misspelt command', ['trian'], /unknown command 'trian'\n\(Did you mean train\?\)/],
    ['a misspelt option', ['runs', 'list', '--limt', '5'], /unknown option '--limt'\n\(Did you mean --limit\?\)/],
    ['a missing option', ['train'], /required option '--recipe-file <name>' not specified/],
    ['a number that is none', ['runs', 'list', '--limit', 'ten'], /"ten" is not a whole number/],
    ['an entity without value', ['predict', '--entity', 'origin'], /"origin" is not of the form name=value/],
    ['nothing', [], /Usage: ml-pipeline/],
  ];
  for (const [name, args, message] of cases) {
    it(`is refused with exit code 2 and a hint: ${name}`, async () => {
      const { code, stdout, stderr } = await runCommand(ROOT, ...args);
      assert.equal(code, 2);
      assert.match(stderr, message);
      assert.equal(stdout, '');
    });
  }
});
