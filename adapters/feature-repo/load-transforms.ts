import { PipelineError, refuseProblems, type Problem } from '../../domain/errors.ts';
import type { FeatureRepository, OnDemandFeatureView } from '../../domain/features/definitions.ts';
import { createTransformRunner } from '../node-vm/transform-runner.ts';
import { bundleTransform } from './bundle-transform.ts';

/** An on-demand feature view as it is written down, with the function that it was checked with. */
type WrittenView = OnDemandFeatureView & { readonly transform?: unknown };

/**
 * The repository with each on-demand feature view's function bundled, and loaded once to see that it runs. `importFile` gives a file's default export. INVALID_DEFINITION with every
 * problem: a module that is not there or does not become a bundle, or another function than the definition names.
 */
export async function withBundles(repository: FeatureRepository, folder: string, importDefault: (module: string) => Promise<unknown>): Promise<FeatureRepository> {
  const written: readonly WrittenView[] = repository.onDemandFeatureViews ?? [];
  if (written.length === 0) return repository;
  const problems: Problem[] = [];
  const onDemandFeatureViews: OnDemandFeatureView[] = [];
  for (const { transform, ...view } of written) {
    const path = `on-demand feature view ${view.name}`;
    const outcome = await bundleTransform(folder, view.module, path);
    if ('problems' in outcome) {
      problems.push(...outcome.problems);
      continue;
    }
    problems.push(...functionProblems(path, view, transform, await importDefault(view.module)), ...loadProblems(path, { name: view.name, ...outcome.bundle }));
    onDemandFeatureViews.push({ ...view, bundle: outcome.bundle });
  }
  refuseProblems('INVALID_DEFINITION', 'The transforms of the feature repository cannot be bundled.', problems);
  return { ...repository, onDemandFeatureViews };
}

/** Types were checked with `transform`, and `module` is what runs: they must be one. Two copies of one function have the same text. */
function functionProblems(path: string, { module }: OnDemandFeatureView, transform: unknown, exported: unknown): Problem[] {
  if (typeof exported !== 'function') return [{ path: `${path}.module`, message: `${module} does not export a function as default.`, cure: 'Write: export default function name(input) { ... }' }];
  if (Object.getPrototypeOf(exported) === Object.getPrototypeOf(async () => undefined)) return [{ path: `${path}.transform`, message: 'It is async.', cure: 'A transform is pure: it works on its row alone, at once.' }];
  if (String(exported) === String(transform)) return [];
  return [{ path: `${path}.transform`, message: `It is not the default export of ${module}.`, cure: `Import it from ./${module}, or name the module that it comes from.` }];
}

function loadProblems(path: string, bundle: Parameters<ReturnType<typeof createTransformRunner>['load']>[0]): Problem[] {
  try {
    createTransformRunner().load(bundle);
    return [];
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return [{ path: `${path}.module`, message: error.message }];
  }
}
