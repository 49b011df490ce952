/** A beginning of fewer letters than this says too little. */
const LEAST_BEGINNING = 3;

/**
 * The candidate that `name` most likely stands for, or undefined when none is near: the shortest that begins with it, else the closest by edit distance (insert, delete,
 * replace, swap of neighbours). Upper and lower case are the same.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  const limit = Math.max(1, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  let completed: string | undefined;
  for (const candidate of candidates) {
    const lower = candidate.toLowerCase();
    if (wanted.length >= LEAST_BEGINNING && lower.startsWith(wanted) && candidate.length < (completed?.length ?? Infinity)) completed = candidate;
    const distance = editDistance(wanted, lower);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return completed ?? best;
}

/** A longer list is read by nobody. */
const MOST_LISTED = 12;
const NEAREST_LISTED = 5;

/** `Did you mean "x"?`, or what there is when nothing is near: of many only the nearest. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const near = nearest(name, candidates);
  if (near !== undefined) return `Did you mean "${near}"?`;
  if (candidates.length === 0) return 'There is none.';
  if (candidates.length <= MOST_LISTED) return `There is: ${candidates.join(', ')}.`;
  const distances = candidates.map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }));
  const first = distances.sort((a, b) => a.distance - b.distance).slice(0, NEAREST_LISTED);
  return `The nearest of ${candidates.length}: ${first.map(({ candidate }) => candidate).join(', ')}.`;
}

/** Optimal string alignment distance (Damerau-Levenshtein without repeated edits of one substring). */
function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)));
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replace = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      rows[i]![j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replace, swap);
    }
  }
  return at(a.length, b.length);
}
