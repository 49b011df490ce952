import type { Command } from 'commander';
import { refuseProblems } from '../../../domain/errors.ts';
import { DIFFERENCES, type EntityDifference } from '../../../domain/features/online-audit.ts';
import { snapshotView } from '../../../domain/features/resolve.ts';
import { formatInstant, type Micros } from '../../../domain/instant.ts';
import { suggestion } from '../../../domain/nearest.ts';
import type { Ports } from '../../../ports/ports.ts';
import type { AuditRequest, ViewAudit } from '../../audit-rows.ts';
import { auditView } from '../../audit-view.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT } from '../../exit-codes.ts';
import { plainValue, showValue } from '../../feature-value.ts';
import { instant, wholeNumber } from '../../option-values.ts';
import { counted, table } from '../../output.ts';

interface AuditOptions {
  readonly views?: readonly string[];
  readonly sample: number;
  readonly all?: boolean;
  readonly repair?: boolean;
  readonly asOf?: Micros;
  readonly limit: number;
}

type ListedDifference = EntityDifference & { readonly view: string; readonly joinKeys: readonly string[] };

export function registerAudit(features: Command, { services, run }: CommandContext): void {
  features
    .command('audit')
    .description('Compare the online store with the warehouse, value by value; exit code 1 where they differ.')
    .option('--views <name...>', 'feature views (default: all that are online)')
    .option('--sample <n>', 'entities of each view, chosen by chance, at least 1', wholeNumber, 1000)
    .option('--all', 'all entities of each view')
    .option('--as-of <instant>', 'look at both from this instant (default: now); not with --repair', instant)
    .option('--repair', 'make the online store as the warehouse is, for the entities that were looked at')
    .option('--limit <n>', 'list no more differences than this', wholeNumber, 100)
    .addHelpText('after', '\nExample:\n  ml-pipeline features audit --views plane_stats --all --repair')
    .action(
      run<AuditOptions>((output, options) =>
        services.withPorts(async (ports) => {
          const listed: ListedDifference[] = [];
          const audits: ViewAudit[] = [];
          const requests = await auditRequests(ports, options, (difference) => {
            if (listed.length < options.limit) listed.push(difference);
          });
          for (const request of requests) {
            output.note(`Comparing ${request.view.name} ...`);
            audits.push(await auditView(ports, request));
          }
          output.result({ as_of: requests[0] === undefined ? null : formatInstant(requests[0].asOfMicros), views: audits, differences: listed.map(asJson) }, [...audits.flatMap(summaryLines), ...differenceLines(listed, audits)]);
          return audits.some((audit) => differenceCount(audit) > audit.repaired) ? EXIT.failed : EXIT.ok;
        }),
      ),
    );
}


async function auditRequests({ featureRegistry, clock }: Ports, options: AuditOptions, onDifference: (difference: ListedDifference) => void): Promise<readonly AuditRequest[]> {
  refuseOptions(options);
  const contents = await featureRegistry.contents();
  const registered = contents.views;
  const online = registered.filter(({ view }) => view.online !== false).map(({ view }) => view.name);
  const problems = (options.views ?? []).filter((name) => !online.includes(name)).map((name) => ({ path: '--views', message: `names ${name}, which is no online feature view of the registry`, cure: suggestion(name, online) }));
  refuseProblems('NOT_FOUND', 'Nothing was compared.', problems);
  const asOfMicros = options.asOf ?? clock.now();
  return (options.views ?? online).map((name) => {
    const view = snapshotView(contents, name);
    const joinKeys = view.joinKeys.map((key) => key.name);
    return {
      view,
      asOfMicros,
      watermarkMicros: registered.find((one) => one.view.name === name)!.mark?.endMicros,
      sample: options.all === true ? undefined : options.sample,
      repair: options.repair === true,
      onDifference: (difference) => onDifference({ ...difference, view: name, joinKeys }),
    };
  });
}

/** A repair by what the warehouse knew in the past would put older values back; a sample of none would find every store right. */
function refuseOptions({ repair, asOf, sample, all }: AuditOptions): void {
  const past = repair === true && asOf !== undefined ? [{ path: '--as-of', message: 'cannot be given with --repair, which would put the values of that instant back in place of newer ones', cure: 'Leave out --as-of, or --repair.' }] : [];
  const none = all !== true && sample === 0 ? [{ path: '--sample', message: 'is 0: nothing would be compared', cure: 'Give at least 1, or --all.' }] : [];
  refuseProblems('INVALID_INPUT', 'Nothing was compared.', [...past, ...none]);
}

function differenceCount({ differences }: ViewAudit): number {
  return Object.values(differences).reduce((sum, count) => sum + count, 0);
}

function summaryLines(audit: ViewAudit): readonly string[] {
  const kinds = Object.entries(audit.differences).map(([kind, count]) => `${count.toLocaleString('en-US')} ${DIFFERENCES[kind as keyof typeof DIFFERENCES]}`);
  const pending = audit.pending === 0 ? '' : `, ${audit.pending.toLocaleString('en-US')} wait for the next materialization`;
  const newer = audit.newerThanAsOf === 0 ? '' : `, ${audit.newerThanAsOf.toLocaleString('en-US')} newer online than the as-of instant`;
  const repaired = audit.repaired === 0 ? '' : `, ${audit.repaired.toLocaleString('en-US')} repaired`;
  const changed = audit.changed === 0 ? '' : `, ${audit.changed.toLocaleString('en-US')} left alone, changed meanwhile`;
  return [`${audit.view}: ${counted(audit.entities, 'entity', 'entities')} compared, ${kinds.length === 0 ? 'no difference' : kinds.join(', ')}${pending}${newer}${repaired}${changed}`];
}

function differenceLines(listed: readonly ListedDifference[], audits: readonly ViewAudit[]): readonly string[] {
  if (listed.length === 0) return [];
  const rows = listed.flatMap(({ view, joinKeys, keys, kind, features, offlineEventMicros, onlineEventMicros }) => {
    const entity = joinKeys.map((name, index) => `${name}=${showValue(keys[index]!)}`).join(' ');
    const times = [view, entity, DIFFERENCES[kind], 'event timestamp', instantText(offlineEventMicros), instantText(onlineEventMicros)];
    return [...(offlineEventMicros === onlineEventMicros ? [] : [times]), ...features.map(({ feature, offline, online }) => [view, entity, DIFFERENCES[kind], feature, showValue(offline), showValue(online)])];
  });
  const rest = audits.reduce((sum, audit) => sum + differenceCount(audit), 0) - listed.length;
  return ['', ...table(['view', 'entity', 'difference', 'feature', 'offline', 'online'], rows), ...(rest === 0 ? [] : [`... and ${counted(rest, 'entity', 'entities')} more (--limit)`])];
}

function asJson({ view, joinKeys, keys, kind, features, offlineEventMicros, onlineEventMicros }: ListedDifference): object {
  const instantOf = (micros: Micros | null): string | null => (micros === null ? null : formatInstant(micros));
  return {
    view,
    entity: Object.fromEntries(joinKeys.map((name, index) => [name, plainValue(keys[index]!)])),
    difference: kind,
    offline_event_timestamp: instantOf(offlineEventMicros),
    online_event_timestamp: instantOf(onlineEventMicros),
    features: features.map(({ feature, offline, online }) => ({ feature, offline: plainValue(offline), online: plainValue(online) })),
  };
}

function instantText(micros: Micros | null): string {
  return micros === null ? 'none' : formatInstant(micros);
}
