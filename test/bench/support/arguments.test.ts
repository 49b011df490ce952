import assert from 'node:assert/strict';
import { readBenchArguments, SECTION_NAMES } from '../../../bench/support/arguments.ts';

describe('The options of the benchmarks', () => {
  it('are all sections, three times each, where none are given', () => {
    assert.deepEqual(readBenchArguments([]), { names: SECTION_NAMES, size: 'normal', repeats: 3 });
  });

  it('choose sections in the order of the page, a size, repeats and a file', () => {
    assert.deepEqual(readBenchArguments(['--only', 'online,historical', '--full', '--repeats', '5', '--output', 'page.md']), { names: ['historical', 'online'], size: 'full', repeats: 5, output: 'page.md' });
    assert.deepEqual(readBenchArguments(['--quick']), { names: SECTION_NAMES, size: 'quick', repeats: 1 });
  });

  it('that are wrong are refused with what there is, and nothing runs', () => {
    for (const [args, answer] of [
      [['--only', 'online,nothing'], /--only online,nothing: there are historical, .*online/],
      [['--repeats', '0'], /whole number from 1/],
      [['--repeats', '1.5'], /whole number from 1/],
      [['--fast'], /Unknown option '--fast'\. See/],
      [['online'], /Unexpected argument 'online'/],
    ] as const) {
      const refused = readBenchArguments(args);
      assert.ok('answer' in refused && refused.exitCode === 2, args.join(' '));
      assert.match(refused.answer, answer);
    }
  });

  it('can be asked for', () => {
    const help = readBenchArguments(['--help', '--quick']);
    assert.ok('answer' in help && help.exitCode === 0);
    for (const name of SECTION_NAMES) assert.ok(help.answer.includes(name));
  });
});
