import type { Command } from 'commander';
import { PipelineError } from '../../../domain/errors.ts';
import { selectFeatures, type FeatureRequest } from '../../../domain/features/resolve.ts';
import { selectedName, type FeatureSelection } from '../../../domain/features/snapshot.ts';
import { formatInstant, MICROS_PER_SECOND, type Micros } from '../../../domain/instant.ts';
import type { CommandContext } from '../../context.ts';
import { plainValue, showValue } from '../../feature-value.ts';
import { instant, nameValue, pair } from '../../option-values.ts';
import { table } from '../../output.ts';
import { entityRows, type EntityRow, type NamedText } from './entity-rows.ts';
import { requestValues } from './request-values.ts';
import { readNow, type StoredValue } from './stored-values.ts';

interface GetOptions {
  readonly service?: string;
  readonly entity?: readonly NamedText[];
  readonly request?: Readonly<Record<string, string>>;
  readonly asOf?: Micros;
}

export function registerGet(features: Command, { services, run }: CommandContext): void {
  features
    .command('get [features...]')
    .description('What the online store holds: value, event time, age and the ttl that is left, as view:feature or as a feature service.')
    .option('--service <name>', 'the features of this service, instead of single ones')
    .option('--entity <name=value>', 'value of a join key; again for further keys, or for a further entity where the name comes again', pair)
    .option('--request <name=value>', 'value of a request column that on-demand features are computed from; again for further ones (empty value: not known)', nameValue)
    .option('--as-of <instant>', 'judge the age at this instant instead of now', instant)
    .addHelpText('after', '\nExample:\n  ml-pipeline features get weather:temp --entity origin=JFK')
    .action(
      run<GetOptions>((output, options, references) =>
        services.withPorts(async (ports) => {
          const selection = selectFeatures(await ports.featureRegistry.contents(), requestOf(options, references));
          const rows = entityRows(selection, options.entity ?? []);
          for (const view of selection.views) if (!view.online) output.note(`Feature view ${view.name} is not copied to the online store (online: false).`);
          const asOf = options.asOf ?? ports.clock.now();
          const request = requestValues(selection, options.request ?? {});
          const values = await readNow(ports, selection, { rows, request, asOf });
          output.result({ as_of: formatInstant(asOf), entities: rows.map((row, index) => asJson(row, values[index] as readonly StoredValue[])) }, lines(selection, rows, values));
        }),
      ),
    );
}

function requestOf({ service }: GetOptions, references: readonly string[]): FeatureRequest {
  if (service !== undefined && references.length > 0) throw new PipelineError('INVALID_INPUT', 'Name single features or a --service, not both.');
  return service === undefined ? { features: references } : { featureService: service };
}

function lines(selection: FeatureSelection, rows: readonly EntityRow[], values: readonly (readonly StoredValue[])[]): readonly string[] {
  const cells = rows.flatMap((row, index) =>
    (values[index] as readonly StoredValue[]).map(({ view, feature, value, status, eventMicros, ageMicros, ttlLeftMicros }) => {
      const taken = selection.views.find((candidate) => selectedName(candidate) === view);
      const times = eventMicros === undefined ? ['', '', ''] : [formatInstant(eventMicros), age(ageMicros), taken?.ttlSeconds === null ? 'no ttl' : duration(ttlLeftMicros)];
      return [row.text, `${view}:${feature}`, status === 'NOT_FOUND' ? '' : showValue(value), ...times, status];
    }),
  );
  return table(['entity', 'feature', 'value', 'event time', 'age', 'ttl left', 'status'], cells);
}

function asJson(row: EntityRow, values: readonly StoredValue[]): object {
  const seconds = (micros: Micros | undefined): number | null => (micros === undefined ? null : micros / MICROS_PER_SECOND);
  return {
    entity: Object.fromEntries(Object.entries(row.columns).map(([name, value]) => [name, plainValue(value)])),
    features: values.map(({ view, feature, value, status, eventMicros, ageMicros, ttlLeftMicros }) => ({
      feature: `${view}:${feature}`,
      value: plainValue(value),
      status,
      event_timestamp: eventMicros === undefined ? null : formatInstant(eventMicros),
      age_seconds: seconds(ageMicros),
      ttl_left_seconds: seconds(ttlLeftMicros),
    })),
  };
}

const UNITS = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]] as const;

/** How long ago; of an event that has not happened yet, in how long. */
function age(micros: Micros | undefined): string {
  return micros !== undefined && micros < 0 ? `in ${duration(-micros)}` : duration(micros);
}

/** `3 d 4 h`, `12 min 5 s`: the two largest units. */
function duration(micros: Micros | undefined): string {
  if (micros === undefined) return '';
  let seconds = Math.floor(Math.abs(micros) / MICROS_PER_SECOND);
  const first = Math.max(0, UNITS.findIndex(([, size]) => seconds >= size));
  const parts = (seconds === 0 ? UNITS.slice(-1) : UNITS.slice(first, first + 2)).map(([unit, size]) => {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    return { text: `${count} ${unit}`, count };
  });
  return `${micros < 0 ? '-' : ''}${parts.filter(({ count }, index) => index === 0 || count > 0).map(({ text }) => text).join(' ')}`;
}
