import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { PipelineError } from '../../domain/errors.ts';
import { onDemandDifferences } from '../../domain/features/served-models.ts';
import type { ProbeResult } from '../../ports/probe.ts';
import { boundProbes } from '../bound-probes.ts';
import { table } from '../output.ts';
import { scheduleProbe } from '../schedules/check.ts';
import type { Services } from '../services.ts';
import { readServedModels } from './features/served-models.ts';

/** Commands about this machine and this folder: doctor, data, init. */
export function registerMachine(program: Command, { services, run }: CommandContext): void {
  program
    .command('doctor')
    .description('Check this machine and everything that the settings of the environment name, and say what to do about each failure. Exit code 1 when one fails.')
    .addHelpText('after', '\nExample:\n  ml-pipeline doctor')
    .action(
      run(async (output) => {
        const [machine, bound] = await Promise.all([services.probes(), boundProbes(services)]);
        const results = [...machine, ...bound, await scheduleProbe(services), ...(await transformProbe(services))];
        const lines = table(['', 'check', 'where', 'ms', 'found'], results.map(({ ok, name, where = '', milliseconds = '', detail }) => [ok ? 'ok' : 'FAIL', name, where, String(milliseconds), detail]));
        const cures = results.filter(({ ok }) => !ok).map(({ name, cure }) => `${name}: ${cure ?? 'no cure is known'}`);
        output.result(results, [...lines, ...(cures.length === 0 ? ['All is well.'] : ['', ...cures])]);
        return cures.length === 0 ? 0 : 1;
      }),
    );
  program
    .command('data')
    .description('The sample data.')
    .command('load')
    .description('Load the sample data into the warehouse and build the feature tables; what is there already is kept.')
    .addHelpText('after', '\nExample:\n  ml-pipeline data load')
    .action(
      run(async (output) => {
        const { loaded, shiftWeeks, tables } = await services.loadData({ onStep: (step) => output.note(step) });
        const rows = Object.entries(tables).map(([name, rowCount]) => [name, rowCount.toLocaleString('en-US')]);
        output.result({ loaded, shift_weeks: shiftWeeks, tables }, [...table(['table', 'rows'], rows), `${loaded ? 'Loaded' : 'There already'}; all times are moved by ${shiftWeeks} weeks.`]);
      }),
    );
  program
    .command('init [folder]')
    .description('Make a project: recipes, feature definitions, settings. Existing files stay as they are.')
    .addHelpText('after', '\nExample:\n  npx ml-pipeline init')
    .action(
      run(async (output, _, [folder = '.']) => {
        const written = await services.init(folder);
        output.result({ written }, [...written.map((file) => `wrote ${file}`), 'Next: npx ml-pipeline stack install, then npx ml-pipeline stack up']);
      }),
    );
}

/** Whether served models compute what the feature repository says now. A difference is told and is no failure. */
async function transformProbe(services: Services): Promise<readonly ProbeResult[]> {
  const name = 'on-demand features';
  try {
    const { apiModel } = await services.settings();
    return await services.withPorts(async (ports) => {
      const models = (await readServedModels(ports, apiModel)).models.filter(({ features }) => (features.onDemand ?? []).length > 0);
      if (models.length === 0) return [];
      const differences = onDemandDifferences(models, await ports.featureRepository.load());
      return [{ ok: true, name, detail: differences.length === 0 ? 'served models compute them as the feature repository does' : differences.join('; ') }];
    });
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    // Settings or servers that lack have checks of their own.
    if (error.code !== 'INVALID_DEFINITION') return [];
    return [{ ok: false, name, detail: error.message.split('\n')[0] ?? error.code, cure: 'ml-pipeline features validate says more.' }];
  }
}
