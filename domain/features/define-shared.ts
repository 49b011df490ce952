/** A name for a message. */
export function quote(name: unknown): string {
  return JSON.stringify(name) ?? '(without a name)';
}

/** The value, which nobody can change any more. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
