import { nearest } from '../nearest.ts';
import { isRecord, refuse, show, within, type Shape, type Spot } from './shape.ts';

export interface RequiredField<T> {
  readonly kind: 'required';
  readonly shape: Shape<T>;
  readonly fallback?: T;
}

export interface OptionalField<T> {
  readonly kind: 'optional';
  readonly shape: Shape<T>;
}

type Field = RequiredField<unknown> | OptionalField<unknown>;
type Fields = Readonly<Record<string, Field>>;
type ValueOf<F> = F extends RequiredField<infer T> ? T : F extends OptionalField<infer T> ? T : never;
type RequiredKeys<F extends Fields> = { [K in keyof F]: F[K] extends RequiredField<unknown> ? K : never }[keyof F];

/** The type that an object shape returns: optional fields are absent rather than undefined. */
export type ObjectOf<F extends Fields> = { readonly [K in RequiredKeys<F>]: ValueOf<F[K]> } & { readonly [K in Exclude<keyof F, RequiredKeys<F>>]?: ValueOf<F[K]> };

export function required<T>(shape: Shape<T>): RequiredField<T> {
  return { kind: 'required', shape };
}

export function optional<T>(shape: Shape<T>): OptionalField<T> {
  return { kind: 'optional', shape };
}

/** A field that may be left out and then has this value. */
export function defaulted<T>(shape: Shape<T>, fallback: NoInfer<T>): RequiredField<T> {
  return { kind: 'required', shape, fallback };
}

/** A mapping with exactly these fields: unknown ones are refused with the nearest name, missing ones named. */
export function object<const F extends Fields>(fields: F): Shape<ObjectOf<F>> {
  return (value, spot) => {
    if (!isRecord(value)) return refuse(spot, `is ${show(value)}, not a mapping with ${Object.keys(fields).join(', ')}`);
    refuseUnknownKeys(value, Object.keys(fields), spot);
    const result: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(fields)) readField(key, field, value, spot, result);
    return result as ObjectOf<F>;
  };
}

function readField(key: string, field: Field, value: Readonly<Record<string, unknown>>, spot: Spot, result: Record<string, unknown>): void {
  const found = value[key];
  if (found !== undefined) result[key] = field.shape(found, within(spot, key));
  else if (field.kind === 'required' && 'fallback' in field) result[key] = field.fallback;
  else if (field.kind === 'required') refuse(within(spot, key), 'is missing');
}

export function refuseUnknownKeys(value: Readonly<Record<string, unknown>>, known: readonly string[], spot: Spot): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    // Of those that are there already too: a default may have put it there.
    const near = nearest(key, known.filter((name) => !(name in value))) ?? nearest(key, known);
    const cure = near === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean "${near}"?`;
    spot.issues.push({ keys: [...spot.keys, key], message: 'is not known here', cure, onKey: true });
  }
}
