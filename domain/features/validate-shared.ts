import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { Described, FeatureRepository, FeatureService, FeatureView, TableSource } from './definitions.ts';
import { columnProblems, duplicateProblems, reservedProblems } from './validate-names.ts';

/** Views of one source name must mean one source. */
export function sharedSourceProblems(views: readonly FeatureView[]): Problem[] {
  return views.flatMap((view, index) => {
    const other = views.slice(0, index).find((earlier) => earlier.source.name === view.source.name);
    if (other === undefined || sameSource(other.source, view.source)) return [];
    return [{ path: `feature view ${view.name}.source`, message: `Source "${view.source.name}" differs from the one of the same name in feature view "${other.name}".`, cure: 'Share one definition, or give the second another name.' }];
  });
}

/** Views may share a push source where they share the table: what is pushed goes into that table, and online into each of the views. */
export function pushSourceProblems(views: readonly FeatureView[]): Problem[] {
  const sources = new Map(views.map((view) => [view.source.name, view]));
  return views.flatMap((view, index) => {
    const { pushSource: push } = view;
    if (push === undefined) return [];
    const path = `feature view ${view.name}.pushSource`;
    const table = sources.get(push.name);
    if (table !== undefined) return [{ path, message: `"${push.name}" is the name of the table source of feature view "${table.name}".`, cure: 'One name is one data source: choose another.' }];
    const other = views.slice(0, index).find((earlier) => earlier.pushSource?.name === push.name);
    if (other?.pushSource === undefined) return [];
    if (!sameSource(other.source, view.source)) return [{ path, message: `Push source "${push.name}" is also that of feature view "${other.name}", which reads another table.`, cure: 'Give each table a push source of its own.' }];
    if (describedText(other.pushSource) === describedText(push)) return [];
    return [{ path, message: `Push source "${push.name}" is described differently in feature view "${other.name}".`, cure: 'Share one definition.' }];
  });
}

/** Join keys that a service takes from other columns: each key is one of the view's, each column holds one of them. */
export function joinKeyMapProblems(service: FeatureService, { entities, featureViews }: FeatureRepository): Problem[] {
  return service.features.flatMap((part) => {
    const view = featureViews.find((candidate) => candidate.name === part.view);
    if (part.joinKeyMap === undefined || view === undefined) return [];
    const path = `feature service ${service.name}.features.${part.alias ?? part.view}.joinKeyMap`;
    const keys = view.entities.flatMap((name) => entities.find((entity) => entity.name === name)?.joinKey ?? []);
    const map = part.joinKeyMap;
    return [
      ...Object.keys(map).flatMap((key) => (keys.includes(key) ? [] : [{ path, message: `"${key}" is no join key of feature view "${part.view}".`, cure: suggestion(key, keys) }])),
      ...Object.values(map).flatMap((column) => [...columnProblems(path, column), ...reservedProblems(path, column)]),
      ...duplicateProblems(path, keys.map((key) => map[key] ?? key), 'column '),
    ];
  });
}

function sameSource(a: TableSource, b: TableSource): boolean {
  const text = ({ fieldMapping, ...source }: TableSource): string =>
    JSON.stringify([source.table, source.timestampField, source.createdTimestampColumn, sorted(fieldMapping), source.deletedColumn, source.latenessSeconds, describedText(source)]);
  return text(a) === text(b);
}

function describedText({ description, owner, tags }: Described): string {
  return JSON.stringify([description, owner, sorted(tags)]);
}

function sorted(map: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
