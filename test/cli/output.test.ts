import assert from 'node:assert/strict';
import { createOutput, table } from '../../cli/output.ts';

function stream(isTTY: boolean, columns = 80): NodeJS.WriteStream & { readonly text: () => string } {
  let text = '';
  return { isTTY, columns, write: (part: string) => ((text += part), true), text: () => text } as unknown as NodeJS.WriteStream & { readonly text: () => string };
}

describe('Output of commands', () => {
  it('is one JSON document on standard output with --json, with int64 as text, and no notes', () => {
    const [out, err] = [stream(false), stream(true)];
    const output = createOutput(true, out, err);
    output.note('loading');
    output.redraw(['line']);
    output.result({ rows: 2n ** 60n, name: 'x' }, ['for people']);
    assert.deepEqual(JSON.parse(out.text()), { rows: '1152921504606846976', name: 'x' });
    assert.equal(err.text(), '');
  });

  it('is lines on standard output and notes on standard error without', () => {
    const [out, err] = [stream(false), stream(false)];
    const output = createOutput(false, out, err);
    output.note('loading');
    output.redraw(['never without a terminal']);
    output.result({}, ['for people', 'and more']);
    assert.deepEqual([out.text(), err.text()], ['for people\nand more\n', 'loading\n']);
  });

  it('redraws its block in a terminal, cut to its width, and notes go above', () => {
    const err = stream(true, 10);
    const output = createOutput(false, stream(true), err);
    output.redraw(['first', 'a line that is too long']);
    output.redraw(['second']);
    output.note('note');
    output.redraw(['third']);
    output.settle();
    output.redraw(['fourth']);
    assert.equal(err.text(), 'first\na line th…\n\u001b[2A\u001b[0Jsecond\n\u001b[1A\u001b[0Jnote\nthird\nfourth\n');
  });

  it('pads tables to the widest cell', () => {
    assert.deepEqual(table(['a', 'long title'], [['wide cell', '1'], ['', '']]), ['a          long title', 'wide cell  1', '']);
  });
});
