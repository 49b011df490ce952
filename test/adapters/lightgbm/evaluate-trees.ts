import type { MissingRule, Tree, TreeEnsemble } from '../../../domain/model/fitted-model.ts';

/** Raw outputs of a tree ensemble for one row, by the plain reading of the domain's types. */
export function evaluateTrees(model: TreeEnsemble, row: ArrayLike<number>): number[] {
  const outputs = Array.from({ length: model.outputs }, () => 0);
  model.trees.forEach((tree, index) => {
    outputs[index % model.outputs]! += leafOf(tree, row);
  });
  const perOutput = model.trees.length / model.outputs;
  return model.aggregation === 'mean' ? outputs.map((sum) => sum / perOutput) : outputs;
}

function leafOf(tree: Tree, row: ArrayLike<number>): number {
  if (tree.leafValue.length === 1) return tree.leafValue[0]!;
  let node = 0;
  while (node >= 0) node = goesLeft(tree, node, row[tree.splitFeature[node]!]!) ? tree.leftChild[node]! : tree.rightChild[node]!;
  return tree.leafValue[-node - 1]!;
}

function goesLeft(tree: Tree, node: number, value: number): boolean {
  const rule: MissingRule = tree.missing[node]!;
  const missing = Number.isNaN(value) || ((rule === 'zeroLeft' || rule === 'zeroRight') && Math.abs(value) <= 1e-35);
  if (missing && rule !== 'zero') return rule === 'left' || rule === 'zeroLeft';
  const known = Number.isNaN(value) ? 0 : value;
  const members = tree.categories[node];
  return members === undefined ? known <= tree.threshold[node]! : members.includes(known);
}
