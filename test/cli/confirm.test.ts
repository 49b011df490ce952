import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { confirm } from '../../cli/confirm.ts';
import { ROOT } from './command.ts';

/** What the question came to when this was typed, and what was written. */
async function asked(typed: string): Promise<{ readonly agreed: boolean; readonly said: string }> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const said = text(output);
  input.end(typed);
  const agreed = await confirm('Remove it?', input, output);
  output.end();
  return { agreed, said: await said };
}

/** The question in a terminal of its own, which util-linux's `script` makes. */
async function inTerminal(typed: string): Promise<string> {
  const program = `import { canAsk, confirm } from '${join(ROOT, 'cli', 'confirm.ts')}'; process.stdout.write('asked ' + canAsk() + '\\n'); process.stdout.write('agreed ' + (await confirm('Remove it?')) + '\\n');`;
  const command = `${process.execPath} --import tsx --input-type=module -e "$PROGRAM"`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: ROOT, env: { ...process.env, PROGRAM: program } });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    said += part;
    if (part.includes('[y/N]')) child.stdin.write(typed);
  });
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return said;
}

describe('A question before something is removed', function () {
  this.timeout(30_000);

  for (const typed of ['y\n', 'yes\n', ' YES \n', 'Y\r\n']) {
    it(`is agreed to by ${JSON.stringify(typed)}`, async () => {
      assert.deepEqual(await asked(typed), { agreed: true, said: 'Remove it? [y/N] ' });
    });
  }

  for (const typed of ['n\n', '\n', 'yess\n', 'no\ny\n', '']) {
    it(`is denied by ${typed === '' ? 'the end of input' : JSON.stringify(typed)}`, async () => {
      assert.equal((await asked(typed)).agreed, false);
    });
  }

  it('is asked in a terminal, and answered there', async () => {
    assert.match(await inTerminal('y\n'), /asked true[\s\S]*Remove it\? \[y\/N\][\s\S]*agreed true/);
    assert.match(await inTerminal('\u0004'), /agreed false/); // Ctrl-D
  });
});
