import type { Issue, KeyPath } from '../domain/validation/shape.ts';
import { isRecord } from '../domain/validation/shape.ts';

/**
 * Fills `${NAME}` and `${NAME:-default}` in every text of a document. A text that is nothing but one variable becomes a number or boolean when it reads as one,
 * as YAML would have read it. A missing variable is an issue that names it, never its value.
 */
export function interpolate(value: unknown, variables: Readonly<Record<string, string | undefined>>, issues: Issue[], keys: KeyPath = []): unknown {
  if (Array.isArray(value)) return value.map((item, index) => interpolate(item, variables, issues, [...keys, index]));
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolate(item, variables, issues, [...keys, key])]));
  return typeof value === 'string' ? fill(value, variables, issues, keys) : value;
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

function fill(text: string, variables: Readonly<Record<string, string | undefined>>, issues: Issue[], keys: KeyPath): unknown {
  const filled = text.replace(VARIABLE, (_, name: string, fallback: string | undefined) => {
    const found = variables[name];
    if (found !== undefined && found !== '') return found;
    if (fallback === undefined) issues.push({ keys, message: `needs the environment variable ${name}, which is not set`, cure: `Set it, or add a line ${name}=... to .env.` });
    return fallback ?? name;
  });
  const wholeIsVariable = /^\$\{[^}]*\}$/.test(text);
  return wholeIsVariable && /^\d{1,15}$/.test(filled) && !isText(keys) ? Number(filled) : filled;
}

/** A user, password or token of digits stays a text. */
function isText(keys: KeyPath): boolean {
  return ['user', 'password', 'token'].includes(String(keys.at(-1)));
}
