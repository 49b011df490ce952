import { PipelineError } from '../errors.ts';
import type { FeatureRepository, OnDemandFeatureView } from './definitions.ts';
import { missingView } from './missing-view.ts';
import type { OnDemandSnapshot } from './on-demand.ts';
import { type FeatureSelection, type FeatureViewSnapshot, type SelectedFeature, storedType } from './snapshot.ts';

/** The on-demand feature view of that name. */
export function onDemandView({ onDemandFeatureViews = [] }: FeatureRepository, name: string): OnDemandFeatureView | undefined {
  return onDemandFeatureViews.find((view) => view.name === name);
}

/**
 * The selection of the columns that are asked for, stored and on demand. Stored features that only a transform needs are read too, as `view__feature`. `takeView`: the stored view
 * that goes by the name. INVALID_DEFINITION when a transform's view or feature is not there (any more).
 */
export function selectColumns(repository: FeatureRepository, asked: readonly SelectedFeature[], takeView: (name: string) => FeatureViewSnapshot): FeatureSelection {
  const stored = asked.filter(({ view }) => onDemandView(repository, view) === undefined);
  const computed = [...new Set(asked.map(({ view }) => view))].flatMap((name) => onDemandView(repository, name) ?? []);
  if (computed.length === 0) return { views: [...new Set(stored.map(({ view }) => view))].map(takeView), columns: stored };
  const columns = [...stored];
  const needed = computed.map((view) => neededFeatures(repository, view).map(({ view: name, feature }) => {
    const there = columns.find((column) => column.view === name && column.feature === feature);
    const column = there ?? { view: name, feature, column: `${name}__${feature}`, onlyInput: true };
    if (there === undefined) columns.push(column);
    return column;
  }));
  const views = [...new Set(columns.map(({ view }) => view))].map(takeView);
  const onDemand = computed.map((view, index) => snapshotOnDemand(view, asked, needed[index]!.map(({ view: name, feature, column }) => ({ view: name, feature, column, type: storedType(views, name, feature) }))));
  return { views, columns, onDemand };
}

/** The stored features that a transform gets, in definition order. */
function neededFeatures(repository: FeatureRepository, { name, inputs }: OnDemandFeatureView): { readonly view: string; readonly feature: string }[] {
  return inputs.flatMap(({ view: viewName, features }) => {
    const view = repository.featureViews.find((candidate) => candidate.name === viewName);
    const refuse = (message: string): never => {
      throw new PipelineError('INVALID_DEFINITION', `On-demand feature view "${name}" cannot be computed: ${message}`);
    };
    if (view === undefined) {
      const { message, cure } = missingView(repository, viewName);
      return refuse(`${message} ${cure}`);
    }
    const there = view.features.map((feature) => feature.name);
    return (features ?? there).map((feature) => (there.includes(feature) ? { view: viewName, feature } : refuse(`Feature view "${viewName}" has no feature "${feature}".`)));
  });
}

function snapshotOnDemand({ name, request, asOf = false, features, bundle }: OnDemandFeatureView, asked: readonly SelectedFeature[], inputs: OnDemandSnapshot['inputs']): OnDemandSnapshot {
  if (bundle === undefined) throw new PipelineError('INVALID_DEFINITION', `On-demand feature view "${name}" has no bundled function. Apply the definitions again: ml-pipeline features apply`);
  const outputs = asked.filter(({ view }) => view === name).flatMap(({ feature, column }) => features.filter((field) => field.name === feature).map(({ type }) => ({ feature, column, type })));
  return { name, inputs, request: request.map(({ name: column, type }) => ({ name: column, type })), asOf, outputs, ...bundle };
}
