import type { ColumnSchema } from '../data/columns.ts';
import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import { selectedName } from './snapshot.ts';
import type { FeatureSelection, FeatureViewSnapshot } from './snapshot.ts';

/** What does not fit between a selection and the spine that it is joined to: every selected feature must exist, and its column be free. */
export function selectionProblems(spine: readonly ColumnSchema[], selection: FeatureSelection): Problem[] {
  const taken = new Set(spine.map((column) => column.name));
  const names = selection.views.map(selectedName);
  return selection.columns.flatMap(({ view, feature, column }) => {
    const snapshot = selection.views.find((candidate) => selectedName(candidate) === view);
    const path = `${view}:${feature}`;
    const problems: Problem[] = absent(snapshot, view, feature, names).map((problem) => ({ path, ...problem }));
    if (taken.has(column)) problems.push({ path, message: `the column name "${column}" is taken already.`, cure: 'Rename the column of the spine, or the feature.' });
    taken.add(column);
    return problems;
  });
}

function absent(snapshot: FeatureViewSnapshot | undefined, view: string, feature: string, names: readonly string[]): Omit<Problem, 'path'>[] {
  if (snapshot === undefined) return [{ message: `there is no feature view "${view}".`, cure: suggestion(view, names) }];
  const features = snapshot.features.map(({ name }) => name);
  return features.includes(feature) ? [] : [{ message: `the view has no feature "${feature}".`, cure: suggestion(feature, features) }];
}
