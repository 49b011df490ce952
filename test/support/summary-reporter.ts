import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

/** Mocha's `dot` reporter, which also appends one line to the file that MOCHA_SUMMARY names: `passed failed skipped`, then a title for each test that failed or was skipped. */
export default class SummaryReporter extends Mocha.reporters.Dot {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const lines: string[] = [];
    runner.on('fail', (test) => lines.push(`failed: ${test.fullTitle()} (${test.file ?? ''})`));
    runner.on('pending', (test) => lines.push(`skipped: ${test.fullTitle()} (${test.file ?? ''})`));
    runner.once('end', () => {
      const file = process.env['MOCHA_SUMMARY'];
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      if (file !== undefined) appendFileSync(file, [`count ${passes} ${failures} ${pending}`, ...lines, ''].join('\n'));
    });
  }
}
