// Mocha loads reporters with require(), past the loader that understands TypeScript: hence plain JavaScript.
const { appendFileSync } = require('node:fs');
const Mocha = require('mocha');

const SLOWEST = 12;

/**
 * Mocha's `dot` reporter, which at the end also names the outermost suites that took the longest, hooks included, and appends to the file that MOCHA_SUMMARY names:
 * `count passed failed skipped`, then the title of each test that failed or was skipped.
 */
module.exports = class SummaryReporter extends Mocha.reporters.Dot {
  constructor(runner, options) {
    super(runner, options);
    const lines = [];
    const suites = [];
    let begin = 0;
    runner.on('suite', (suite) => { if (suite.parent?.root) begin = Date.now(); });
    runner.on('suite end', (suite) => { if (suite.parent?.root) suites.push({ title: suite.title, seconds: (Date.now() - begin) / 1000 }); });
    runner.on('fail', (test) => lines.push(`failed: ${test.fullTitle()} (${test.file ?? ''})`));
    runner.on('pending', (test) => lines.push(`skipped: ${test.fullTitle()} (${test.file ?? ''})`));
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats;
      const slowest = suites.sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
      console.log(['Seconds of the slowest suites:', ...slowest.map(({ title, seconds }) => `${seconds.toFixed(0).padStart(6)}  ${title}`), ''].join('\n'));
      if (process.env.MOCHA_SUMMARY !== undefined) appendFileSync(process.env.MOCHA_SUMMARY, [`count ${passes} ${failures} ${pending}`, ...lines, ''].join('\n'));
    });
  }
};
