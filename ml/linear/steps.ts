import { CholeskyDecomposition, Matrix, solve } from 'ml-matrix';
import { dot, type Point } from './minimise.ts';

/** Newton's step: minus the inverse of the second derivatives times the gradient; where they are singular (collinear columns, no penalty) by least squares. */
export function newtonStep(hessian: (theta: Float64Array) => Float64Array): (theta: Float64Array, point: Point) => Float64Array {
  return (theta, { gradient }) => {
    const size = gradient.length;
    const matrix = Matrix.from1DArray(size, size, hessian(theta));
    const target = Matrix.columnVector(gradient.map((value) => -value));
    const cholesky = new CholeskyDecomposition(matrix);
    const solution = cholesky.isPositiveDefinite() ? cholesky.solve(target) : solve(matrix, target, true);
    return Float64Array.from(solution.to1DArray());
  };
}

const MEMORY = 10;

/** L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4): second derivatives guessed from the last ten steps. For one minimisation: it remembers. */
export function lbfgsStep(): (theta: Float64Array, point: Point) => Float64Array {
  const history: { readonly s: Float64Array; readonly y: Float64Array; readonly curvature: number }[] = [];
  let last: { readonly theta: Float64Array; readonly gradient: Float64Array } | undefined;
  return (theta, { gradient }) => {
    if (last !== undefined) {
      const s = difference(theta, last.theta);
      const y = difference(gradient, last.gradient);
      const curvature = dot(s, y);
      if (curvature > 1e-16 * dot(y, y)) history.push({ s, y, curvature });
      if (history.length > MEMORY) history.shift();
    }
    last = { theta, gradient };
    return direction(gradient, history);
  };
}

function direction(gradient: Float64Array, history: readonly { readonly s: Float64Array; readonly y: Float64Array; readonly curvature: number }[]): Float64Array {
  const q = gradient.map((value) => -value);
  const alphas = new Float64Array(history.length);
  for (let k = history.length - 1; k >= 0; k--) {
    const { s, y, curvature } = history[k]!;
    const alpha = dot(s, q) / curvature;
    alphas[k] = alpha;
    for (let at = 0; at < q.length; at++) q[at]! -= alpha * y[at]!;
  }
  const newest = history.at(-1);
  const scale = newest === undefined ? 1 / Math.max(1, Math.sqrt(dot(gradient, gradient))) : newest.curvature / dot(newest.y, newest.y);
  for (let at = 0; at < q.length; at++) q[at]! *= scale;
  history.forEach(({ s, y, curvature }, k) => {
    const beta = dot(y, q) / curvature;
    for (let at = 0; at < q.length; at++) q[at]! += (alphas[k]! - beta) * s[at]!;
  });
  return q;
}

const difference = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, at) => value - b[at]!);
