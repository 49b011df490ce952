import type { LinearModel } from '../../domain/model/fitted-model.ts';
import { ELEMENT } from './onnx-messages.ts';
import type { GraphBuilder } from './graph-builder.ts';

/**
 * Adds a linear model behind a float matrix [N, columns]; gives the name of the raw outputs, double [N, outputs].
 * MatMul, because it sums each row in an order that does not depend on the number of rows (ReduceSum does: it is vectorised across rows).
 */
export function addLinear(graph: GraphBuilder, matrix: string, columns: number, model: LinearModel): string {
  const outputs = model.coefficients.length;
  const weights = new Float64Array(columns * outputs);
  model.coefficients.forEach((row, output) => row.forEach((coefficient, column) => (weights[column * outputs + output] = coefficient)));
  const wide = graph.node('Cast', [matrix], { to: { kind: 'integer', value: ELEMENT.double } });
  const products = graph.node('MatMul', [wide, graph.constant(weights, [columns, outputs])]);
  return graph.node('Add', [products, graph.constant(model.intercepts, [1, outputs])]);
}
