import type { MissingRule, Tree, TreeEnsemble } from '../../domain/model/fitted-model.ts';
import { packTrees } from './pack-trees.ts';
import { ELEMENT } from './onnx-messages.ts';
import type { GraphBuilder } from './graph-builder.ts';

/** LightGBM's kZeroThreshold: 1e-35 as a float32. */
const ZERO_THRESHOLD = Math.fround(1e-35);

/**
 * Adds the trees behind a float matrix [N, columns]; gives the name of the raw outputs, double [N, outputs].
 * In double, a threshold is what the library trained (no rounding can misroute a row) and a sum of leaves is rounded once, when it becomes float.
 */
export function addTrees(graph: GraphBuilder, matrix: string, columns: number, ensemble: TreeEnsemble): string {
  const wide = graph.node('Cast', [matrix], { to: { kind: 'integer', value: ELEMENT.double } });
  const mapped = zeroIsMissingFeatures(ensemble.trees);
  const features = mapped.length === 0 ? wide : graph.node('Concat', [wide, zeroAsNaN(graph, wide, mapped)], { axis: { kind: 'integer', value: 1 } });
  const mappedColumn = new Map(mapped.map((feature, i) => [feature, columns + i]));
  const columnOf = (feature: number, rule: MissingRule): number => (isZeroRule(rule) ? mappedColumn.get(feature)! : feature);

  const packed = packTrees(ensemble, columnOf);
  const sum = graph.node('TreeEnsemble', [features], {
    aggregate_function: { kind: 'integer', value: SUM },
    post_transform: { kind: 'integer', value: NO_TRANSFORM },
    n_targets: { kind: 'integer', value: ensemble.outputs },
    tree_roots: { kind: 'integers', value: packed.roots },
    nodes_featureids: { kind: 'integers', value: packed.features },
    nodes_modes: { kind: 'tensor', value: { data: packed.modes, dimensions: [packed.modes.length] } },
    nodes_splits: { kind: 'tensor', value: { data: packed.splits, dimensions: [packed.splits.length] } },
    nodes_missing_value_tracks_true: { kind: 'integers', value: packed.missingGoesLeft },
    nodes_truenodeids: { kind: 'integers', value: packed.leftIds },
    nodes_trueleafs: { kind: 'integers', value: packed.leftIsLeaf },
    nodes_falsenodeids: { kind: 'integers', value: packed.rightIds },
    nodes_falseleafs: { kind: 'integers', value: packed.rightIsLeaf },
    leaf_targetids: { kind: 'integers', value: packed.leafOutputs },
    leaf_weights: { kind: 'tensor', value: { data: packed.leafWeights, dimensions: [packed.leafWeights.length] } },
    ...(packed.members.length === 0 ? {} : { membership_values: { kind: 'tensor' as const, value: { data: packed.members, dimensions: [packed.members.length] } } }),
  });
  if (ensemble.aggregation === 'sum') return sum;
  const treesPerOutput = Float64Array.from({ length: ensemble.outputs }, (_, output) => Math.ceil((ensemble.trees.length - output) / ensemble.outputs));
  return graph.node('Div', [sum, graph.constant(treesPerOutput, [1, ensemble.outputs])]);
}

/** TreeEnsemble's aggregate_function and post_transform. */
const SUM = 1;
const NO_TRANSFORM = 0;

function isZeroRule(rule: MissingRule): boolean {
  return rule === 'zeroLeft' || rule === 'zeroRight';
}

/** Features that some split treats as missing near zero, ascending. Each gets a second column, so that other splits still see its zeros. */
function zeroIsMissingFeatures(trees: readonly Tree[]): readonly number[] {
  const found = new Set<number>();
  for (const tree of trees) tree.missing.forEach((rule, node) => isZeroRule(rule) && found.add(tree.splitFeature[node]!));
  return [...found].sort((a, b) => a - b);
}

function zeroAsNaN(graph: GraphBuilder, matrix: string, features: readonly number[]): string {
  const taken = graph.node('Gather', [matrix, graph.constant(BigInt64Array.from(features, BigInt), [features.length])], { axis: { kind: 'integer', value: 1 } });
  const nearZero = graph.node('LessOrEqual', [graph.node('Abs', [taken]), graph.constant(Float64Array.of(ZERO_THRESHOLD), [])]);
  return graph.node('Where', [nearZero, graph.constant(Float64Array.of(Number.NaN), []), taken]);
}
