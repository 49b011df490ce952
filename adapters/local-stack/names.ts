import { refuseProblems } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';

/** The names given, or all where none is; INVALID_INPUT with every name that is not one of `all`. */
export function chosenNames<T extends string>(names: readonly string[] = [], all: readonly T[]): readonly T[] {
  const unknown = names.filter((name) => !(all as readonly string[]).includes(name));
  refuseProblems('INVALID_INPUT', 'There is nothing of that name.', unknown.map((name) => ({ path: name, message: 'is no part of the stack.', cure: suggestion(name, all) })));
  return names.length === 0 ? all : (names as readonly T[]);
}
