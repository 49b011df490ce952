// Mocha loads reporters with require(), past the loader that understands TypeScript: hence plain JavaScript.
const { appendFileSync } = require('node:fs');
const Mocha = require('mocha');

/** Mocha's `dot` reporter, which also appends to the file that MOCHA_SUMMARY names: `count passed failed skipped`, then the title of each test that failed or was skipped. */
module.exports = class SummaryReporter extends Mocha.reporters.Dot {
  constructor(runner, options) {
    super(runner, options);
    const lines = [];
    runner.on('fail', (test) => lines.push(`failed: ${test.fullTitle()} (${test.file ?? ''})`));
    runner.on('pending', (test) => lines.push(`skipped: ${test.fullTitle()} (${test.file ?? ''})`));
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats;
      if (process.env.MOCHA_SUMMARY !== undefined) appendFileSync(process.env.MOCHA_SUMMARY, [`count ${passes} ${failures} ${pending}`, ...lines, ''].join('\n'));
    });
  }
};
