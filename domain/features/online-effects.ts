import type { FeatureViewSnapshot } from './snapshot.ts';
import type { Field, TableSource } from './definitions.ts';

/** What a change of a definition means for the view's values in the online store. */
export interface OnlineEffect {
  readonly view: string;
  /** For people: one sentence without its full stop. */
  readonly effect: string;
  /** The values that are there would be wrong or unreadable: they are removed. */
  readonly removesValues: boolean;
  /** The values are right or gone only after the view was materialized again, from the beginning: its intervals are forgotten. */
  readonly needsMaterialization: boolean;
}

/** What happens online when the definition becomes another one (undefined: there is none). undefined when nothing does. */
export function onlineEffect(before: FeatureViewSnapshot | undefined, after: FeatureViewSnapshot | undefined): OnlineEffect | undefined {
  const view = (after ?? before)?.name ?? '';
  const say = (effect: string, removesValues: boolean, needsMaterialization: boolean): OnlineEffect => ({ view, effect, removesValues, needsMaterialization });
  const [was, is] = [before?.online === true, after?.online === true];
  if (!was && !is) return undefined;
  if (before === undefined || !was) return say('it has no values until it is materialized', false, true);
  if (after === undefined || !is) return say(`its values are removed${after === undefined ? '' : ': it is not online any more'}`, true, false);
  const reasons = reasonsToRemove(before, after);
  if (reasons.length > 0) return say(`${reasons.join(', ')}: its values are removed, and there are none until it is materialized again`, true, true);
  const effects = milderEffects(before, after);
  if (effects.length === 0) return undefined;
  return say(effects.map(({ effect }) => effect).join('; '), false, effects.some(({ again }) => again));
}

function reasonsToRemove(before: FeatureViewSnapshot, after: FeatureViewSnapshot): string[] {
  const keys = ({ joinKeys }: FeatureViewSnapshot): string => JSON.stringify(joinKeys.map(({ name, type }) => `${name} ${type}`).sort());
  const changed = common(before, after).filter(([old, now]) => old.type !== now.type);
  return [
    ...(keys(before) === keys(after) ? [] : ['its join keys change']),
    ...changed.map(([old, now]) => `${now.name} becomes ${now.type} (was ${old.type})`),
    ...sourceReasons(before, after),
  ];
}

/** Values of another table or column are others, and rows with the same event timestamp would not replace them. */
function sourceReasons(before: FeatureViewSnapshot, after: FeatureViewSnapshot): string[] {
  const [old, now] = [before.source, after.source];
  const moved = common(before, after).filter(([{ name }]) => sourceColumn(old, name) !== sourceColumn(now, name)).map(([{ name }]) => `${name} is read from column ${sourceColumn(now, name)}`);
  return [
    ...(old.table === now.table ? [] : [`it reads ${now.table} (was ${old.table})`]),
    ...(old.timestampField === now.timestampField ? [] : [`its event timestamps are in ${now.timestampField}`]),
    ...(old.deletedColumn === now.deletedColumn ? [] : ['other rows delete its entities']),
    ...moved,
  ];
}

function milderEffects(before: FeatureViewSnapshot, after: FeatureViewSnapshot): { readonly effect: string; readonly again: boolean }[] {
  const names = (features: readonly Field[], others: readonly Field[]): string[] => features.map(({ name }) => name).filter((name) => !others.some((other) => other.name === name));
  const [added, removed] = [names(after.features, before.features), names(before.features, after.features)];
  const [old, now] = [before.ttlSeconds ?? Infinity, after.ttlSeconds ?? Infinity];
  return [
    ...(added.length === 0 ? [] : [{ effect: `${added.join(', ')}: missing until it is materialized again`, again: true }]),
    ...(removed.length === 0 ? [] : [{ effect: `${removed.join(', ')}: values stay, unread, until their keys expire`, again: false }]),
    ...(now > old ? [{ effect: 'values that were too old for the earlier ttl are missing until it is materialized again', again: true }] : []),
    ...(now < old ? [{ effect: 'values that are older than the new ttl count as missing', again: false }] : []),
  ];
}

function common(before: FeatureViewSnapshot, after: FeatureViewSnapshot): (readonly [Field, Field])[] {
  return after.features.flatMap((now) => before.features.filter((old) => old.name === now.name).map((old) => [old, now] as const));
}

function sourceColumn({ fieldMapping = {} }: TableSource, name: string): string {
  return Object.entries(fieldMapping).find(([, target]) => target === name)?.[0] ?? name;
}

/**
 * Why rows that were made by one definition of a view must not go online by the registered one: they would be unreadable, unreachable or another table's. A sentence's end; undefined when they may.
 * Rows of a view that was not online then were asked for all the same: that it still is not is no reason.
 */
export function reasonAgainstRows(made: FeatureViewSnapshot, registered: FeatureViewSnapshot): string | undefined {
  if (made.online && !registered.online) return 'it is not online any more';
  const reasons = reasonsToRemove(made, registered);
  return reasons.length === 0 ? undefined : reasons.join(', ');
}
