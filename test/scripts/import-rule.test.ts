import assert from 'node:assert/strict';
import { ESLint } from 'eslint';

/** A line that the rule must refuse, as if it stood in the file; and one that it must take. */
const CASES: readonly { readonly file: string; readonly refused: readonly string[]; readonly taken: string }[] = [
  { file: 'domain/nearest.ts', refused: ["import 'pg';", "import 'node:fs';", "import '../ports/clock.ts';", "await import('../adapters/redis/online-store.ts');"], taken: "import './instant.ts';" },
  { file: 'ml/targets.ts', refused: ["import '../ports/clock.ts';", "import 'express';"], taken: "import 'ml-matrix';" },
  { file: 'ports/clock.ts', refused: ["import '../adapters/system/clock.ts';", "import { parseInstant } from '../domain/instant.ts'; parseInstant('');"], taken: "import type { Micros } from '../domain/instant.ts'; export type T = Micros;" },
  { file: 'feature_repo/views.ts', refused: ["import '../domain/instant.ts';"], taken: "import '../domain/features/define.ts';" },
  { file: 'workflows/train-model.ts', refused: ["import '../activities/index.ts';", "import '../recipes/x.ts';", "import 'node:fs';", "import '../ml/targets.ts';"], taken: "import type { TrainingPlan } from '../activities/index.ts'; export type T = TrainingPlan;" },
  { file: 'activities/train.ts', refused: ["import '../adapters/file/npy.ts';", "await import('../config/bind-ports.ts');", "import 'pg';"], taken: "import 'node:path';" },
  { file: 'api/predict.ts', refused: ["import 'pg';", "import '../config/load-config.ts';", "await import('../adapters/redis/online-store.ts');"], taken: "import 'express';" },
  { file: 'adapters/redis/online-store.ts', refused: ["import 'pg';", "import '@temporalio/client';", "import '../mlflow/lock.ts';", "import '../temporal/schedule-runner.ts';", "import '../../config/load-config.ts';"], taken: "import '../feast/codec/value.ts';" },
  { file: 'config/load-config.ts', refused: ["import 'pg';", "import '../cli/output.ts';"], taken: "await import('../adapters/redis/online-store.ts');" },
];

const RULES = new Set(['@typescript-eslint/no-restricted-imports', 'no-restricted-syntax']);

describe('the import rule', function () {
  this.timeout(60_000);
  let eslint: ESLint;
  let singleRun: string | undefined;

  // With CI=true the parser takes each file as it is on disk, whatever text it is given.
  before(() => {
    singleRun = process.env['TSESTREE_SINGLE_RUN'];
    process.env['TSESTREE_SINGLE_RUN'] = 'false';
    eslint = new ESLint();
  });
  after(() => {
    if (singleRun === undefined) delete process.env['TSESTREE_SINGLE_RUN'];
    else process.env['TSESTREE_SINGLE_RUN'] = singleRun;
  });

  async function refusals(file: string, line: string): Promise<number> {
    const [result] = await eslint.lintText(`${line}\nexport {};\n`, { filePath: file });
    assert.ok(result !== undefined && !result.messages.some(({ fatal }) => fatal), JSON.stringify(result?.messages));
    return result.messages.filter(({ ruleId }) => RULES.has(ruleId ?? '')).length;
  }

  it("keeps the package's entry for projects that use it", async () => {
    for (const [file, entry] of [['domain/nearest.ts', '../index.ts'], ['api/predict.ts', '../index.ts'], ['adapters/redis/online-store.ts', '../../index.ts'], ['cli/commands/train.ts', '../../index.ts'], ['ports/clock.ts', '..']] as const) {
      assert.equal(await refusals(file, `import '${entry}';`), 1, file);
    }
    assert.equal(await refusals('cli/program.ts', "import './commands/features/index.ts';"), 0);
  });

  for (const { file, refused, taken } of CASES) {
    it(`holds in ${file.replace(/[^/]*$/, '')}`, async () => {
      for (const line of refused) assert.ok((await refusals(file, line)) > 0, `${file}: ${line}`);
      assert.equal(await refusals(file, taken), 0, `${file}: ${taken}`);
    });
  }
});
