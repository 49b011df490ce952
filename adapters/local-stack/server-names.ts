import { refuseProblems } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import { STACK_SERVERS } from '../../ports/local-stack.ts';
import type { StackServer } from '../../ports/local-stack.ts';

/** The names given, or all where none is; INVALID_INPUT with every name that is no server of the stack. */
export function chosenServers(names: readonly string[] = []): readonly StackServer[] {
  const unknown = names.filter((name) => !(STACK_SERVERS as readonly string[]).includes(name));
  refuseProblems('INVALID_INPUT', 'There are no such servers.', unknown.map((name) => ({ path: name, message: 'is no server of the stack.', cure: suggestion(name, STACK_SERVERS) })));
  return names.length === 0 ? STACK_SERVERS : (names as readonly StackServer[]);
}
