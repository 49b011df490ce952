import { PipelineError } from '../../../domain/errors.ts';

/** What an update changes, in one line: the parts of the definition that differ, and how. */
export function describeDifference<M>(read: (message: M) => object, before: M, after: M): string {
  const earlier = tryRead(read, before);
  if (earlier === undefined) return 'it replaces a definition that was written by another program';
  return describeParts('', earlier, read(after) as Part).join('; ') || 'its form in the registry';
}

type Part = Readonly<Record<string, unknown>>;

function tryRead<M>(read: (message: M) => object, message: M): Part | undefined {
  try {
    return read(message) as Part;
  } catch (error) {
    if (error instanceof PipelineError) return undefined;
    throw error;
  }
}

function describeParts(prefix: string, before: Part, after: Part): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => describePart(`${prefix}${key}`, before[key], after[key]));
}

function describePart(path: string, before: unknown, after: unknown): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (isPart(before) && isPart(after)) return describeParts(`${path}.`, before, after);
  const items = itemsByName(before);
  const others = itemsByName(after);
  if (items === undefined || others === undefined) return [`${path}: ${text(before)} -> ${text(after)}`];
  const added = [...others.keys()].filter((name) => !items.has(name)).map((name) => `+${name}`);
  const removed = [...items.keys()].filter((name) => !others.has(name)).map((name) => `-${name}`);
  const changed = [...others].filter(([name, item]) => items.has(name) && items.get(name) !== item).map(([name]) => `~${name}`);
  return [`${path}: ${[...added, ...removed, ...changed].join(' ') || 'another order'}`];
}

/** The text of each item of a list whose items have names of their own; undefined for any other value. */
function itemsByName(value: unknown): ReadonlyMap<string, string> | undefined {
  if (!Array.isArray(value)) return undefined;
  const names = value.map(nameOf);
  if (!names.every((name) => name !== undefined) || new Set(names).size < names.length) return undefined;
  return new Map(names.map((name, index) => [name, JSON.stringify(value[index])]));
}

/** What a feature service takes from a view goes by the view's name in that service. */
function nameOf(item: unknown): string | undefined {
  const name = isPart(item) ? (item['name'] ?? item['alias'] ?? item['view']) : undefined;
  return typeof name === 'string' ? name : undefined;
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
