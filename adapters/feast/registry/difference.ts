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
  if (!isNamedList(before) || !isNamedList(after)) return [`${path}: ${text(before)} -> ${text(after)}`];
  const added = after.filter((item) => !before.some((other) => other.name === item.name)).map((item) => `+${item.name}`);
  const removed = before.filter((item) => !after.some((other) => other.name === item.name)).map((item) => `-${item.name}`);
  const changed = after.filter((item) => before.some((other) => other.name === item.name && JSON.stringify(other) !== JSON.stringify(item))).map((item) => `~${item.name}`);
  return [`${path}: ${[...added, ...removed, ...changed].join(' ') || 'another order'}`];
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamedList(value: unknown): value is readonly { readonly name: string }[] {
  return Array.isArray(value) && value.every((item) => isPart(item) && 'name' in item);
}

function text(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
