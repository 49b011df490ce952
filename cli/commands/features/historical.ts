import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SpineRef } from '../../../domain/data/dataset-ref.ts';
import { PipelineError, refuseProblems, type Problem } from '../../../domain/errors.ts';
import { addOnDemandFeatures } from '../../../domain/features/on-demand-rows.ts';
import { selectFeatures } from '../../../domain/features/resolve.ts';
import { keyColumn, type FeatureSelection } from '../../../domain/features/snapshot.ts';
import type { JoinKeyType } from '../../../domain/features/value-types.ts';
import type { Ports } from '../../../ports/ports.ts';
import { JOIN_STRATEGIES, type JoinStrategy } from '../../../ports/warehouse.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT } from '../../exit-codes.ts';
import { wholeNumber } from '../../option-values.ts';
import { counted, type Output } from '../../output.ts';
import type { Services } from '../../services.ts';

interface HistoricalOptions {
  readonly spine: string;
  readonly features?: readonly string[];
  readonly service?: string;
  readonly output: string;
  readonly strategy: JoinStrategy | 'auto';
  readonly asKnown?: boolean;
  readonly timestampColumn: string;
  readonly parameter?: Readonly<Record<string, string | number | boolean>>;
  readonly memory?: number;
}

/** How long a spine may stay that a killed command left; `ml-pipeline gc` removes it then. */
const SPINE_LIFE_MICROS = 24 * 3600 * 1_000_000;

export function registerHistorical(features: Command, { services, run }: CommandContext): void {
  features
    .command('historical')
    .description('Join a spine with features, each row as of its own instant, into a Parquet file.')
    .requiredOption('--spine <source>', 'a .csv or .parquet file, a SQL template below recipes/ (sql/x.sql.j2), or a table (schema.table)')
    .requiredOption('--output <file>', 'the Parquet file to write')
    .option('--features <reference...>', 'features as view:feature')
    .option('--service <name>', 'the features of a feature service')
    .addOption(new Option('--strategy <name>', 'how to join; both give the same rows').choices(['auto', ...JOIN_STRATEGIES]).default('auto'))
    .option('--as-known', 'leave out rows that were created after the instant of the spine row')
    .option('--timestamp-column <name>', "the spine's instants", 'event_timestamp')
    .option('--parameter <name=value>', 'a parameter of the SQL template (may be given again)', parameter)
    .option('--memory <megabytes>', 'what the strategy snapshot may keep in memory', wholeNumber)
    .addHelpText('after', '\nExample:\n  ml-pipeline features historical --spine trips.csv --service flight_delay_v1 --output trips.parquet\n\nRows come in the order of their instants, then of their join keys. docs/historical-features.md')
    .action(
      run<HistoricalOptions>((output, options) =>
        services.withPorts(async (ports) => {
          const selection = await selectionOf(ports, options);
          await refuseOutput(options.output);
          const interrupt = new AbortController();
          const onSignal = (): void => interrupt.abort();
          process.once('SIGINT', onSignal);
          try {
            await join(ports, services, output, options, selection, interrupt.signal);
            return EXIT.ok;
          } catch (error) {
            if (!interrupt.signal.aborted) throw error;
            output.result({ interrupted: true }, []);
            output.note('Interrupted: nothing was written.');
            return EXIT.interrupted;
          } finally {
            process.removeListener('SIGINT', onSignal);
          }
        }),
      ),
    );
}

async function join(ports: Ports, services: Services, output: Output, options: HistoricalOptions, selection: FeatureSelection, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  output.note(`Writing the spine from ${options.spine} ...`);
  const spine = await asInput(() => writeSpine(ports, services, options, selection, signal));
  try {
    const { strategy, timestampColumn, memory } = options;
    const joined = await ports.warehouse.historicalFeatures({ spine, timestampColumn, selection, strategy, signal, ...(memory === undefined ? {} : { memoryBytes: memory * 2 ** 20 }) });
    const rows = await asInput(() => addOnDemandFeatures({ ...joined, selection, timestampColumn, load: (view) => ports.transformRunner.load(view) }));
    const path = resolve(options.output);
    const { rowCount, hash } = await services.writeParquet(path, rows, (done) => output.redraw([progressLine(done, spine.rowCount)]));
    output.redraw([]);
    const seconds = (performance.now() - started) / 1000;
    output.result(
      { output: path, rows: rowCount, columns: rows.schema, strategy: joined.strategy, seconds, hash },
      [`${options.output}: ${counted(rowCount, 'row')}, ${counted(rows.schema.length, 'column')}, joined by ${joined.strategy} in ${seconds.toFixed(1)} s`],
    );
  } finally {
    await ports.warehouse.dropSpine(spine.table);
  }
}

/** The spine is what the command was given: data of it that do not fit are a wrong input. */
async function asInput<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'INVALID_DATA') throw error;
    throw new PipelineError('INVALID_INPUT', error.message.split('\n')[0]!, { problems: error.problems, cause: error });
  }
}

function progressLine(done: number, all: number): string {
  const share = all === 0 ? 1 : done / all;
  return `${'█'.repeat(Math.round(share * 30)).padEnd(30, '░')} ${Math.floor(share * 100)} %  ${done.toLocaleString('en-US')} of ${counted(all, 'row')}`;
}

/** The features asked for, from the registry; every view as known where that is wanted. */
async function selectionOf({ featureRegistry }: Ports, { features, service, asKnown }: HistoricalOptions): Promise<FeatureSelection> {
  if ((features === undefined) === (service === undefined)) throw new PipelineError('INVALID_INPUT', 'Say which features to join: either --features view:feature ... or --service name.');
  const selection = selectFeatures(await featureRegistry.contents(), service === undefined ? { features: features ?? [] } : { featureService: service });
  return asKnown === true ? { ...selection, views: selection.views.map((view) => ({ ...view, asKnown: true })) } : selection;
}

/** A wrong output is said before the work, not after. */
async function refuseOutput(output: string): Promise<void> {
  const problems: Problem[] = [];
  if (!output.endsWith('.parquet')) problems.push({ path: '--output', message: `${JSON.stringify(output)} is no Parquet file.`, cure: 'Give it a name that ends with .parquet.' });
  const folder = await stat(dirname(resolve(output))).catch(() => undefined); // not there
  if (folder?.isDirectory() !== true) problems.push({ path: '--output', message: `there is no folder ${dirname(resolve(output))}.`, cure: 'Make it first.' });
  refuseProblems('INVALID_INPUT', 'Nothing was joined.', problems);
}

/** The spine in the warehouse, under a name that no other command takes. */
async function writeSpine({ warehouse, sqlTemplates, clock }: Ports, services: Services, options: HistoricalOptions, selection: FeatureSelection, signal: AbortSignal): Promise<SpineRef> {
  const { spine, timestampColumn } = options;
  const asOfMicros = clock.now();
  const keys = keyColumns(selection);
  await warehouse.prepare();
  const request = { name: `historical_${randomBytes(8).toString('hex')}`, entityColumns: [...keys.keys()], timestampColumn, asOfMicros, expiresAtMicros: asOfMicros + SPINE_LIFE_MICROS, signal };
  if (/\.(csv|parquet)$/.test(spine)) {
    const file = await services.openSpineFile({ path: spine, timestampColumn, keys, asOfMicros });
    return warehouse.writeSpineRows({ ...request, rows: { schema: file.schema, batches: file.rows() } });
  }
  if (/\.(sql|j2)$/.test(spine)) return warehouse.writeSpine({ ...request, query: await sqlTemplates.render({ sourceUri: spine, parameters: options.parameter ?? {}, asOfMicros }) });
  if (!/^[^.]+\.[^.]+$/.test(spine)) throw new PipelineError('INVALID_INPUT', `--spine ${JSON.stringify(spine)} is neither a .csv or .parquet file, nor a SQL template (.sql, .sql.j2), nor a table (schema.table).`);
  await warehouse.describeTable(spine); // its own message where there is none
  return warehouse.writeSpine({ ...request, query: warehouse.wholeTable(spine) });
}

/** The columns of the spine that hold join keys, each with the type that the first view to name it has. */
function keyColumns({ views }: FeatureSelection): ReadonlyMap<string, JoinKeyType> {
  return new Map(views.flatMap((view) => view.joinKeys.map(({ name, type }) => [keyColumn(view, name), type] as const)).reverse());
}

/** `days=7`: a number or true or false where it reads as one, else text. */
function parameter(text: string, earlier: Readonly<Record<string, string | number | boolean>> = {}): Readonly<Record<string, string | number | boolean>> {
  const split = text.indexOf('=');
  if (split < 1) throw new InvalidArgumentError(`${JSON.stringify(text)} is not of the form name=value.`);
  const [name, value] = [text.slice(0, split), text.slice(split + 1)];
  const typed = value === 'true' || value === 'false' ? value === 'true' : /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return { ...earlier, [name]: typed };
}
