import type { PushedRow } from '../../domain/features/pushed-rows.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue, ScalarValue } from '../../domain/features/value-types.ts';

/** A pushed row as a JSON document: join keys and features by name, of all views that share it. Numbers that JSON has none for are text, bytes base64. */
export function rowDocument(parts: readonly { readonly view: FeatureViewSnapshot; readonly row: PushedRow }[]): string {
  const values = new Map<string, string>();
  for (const { view, row } of parts) {
    view.joinKeys.forEach(({ name }, index) => values.set(name, jsonOf(row.key[index]!)));
    view.features.forEach(({ name }, index) => values.set(name, jsonOf(row.values[index]!)));
  }
  return `{${[...values].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

function jsonOf(value: FeatureValue): string {
  return Array.isArray(value) ? `[${(value as readonly ScalarValue[]).map(scalarJson).join(',')}]` : scalarJson(value as ScalarValue | null);
}

function scalarJson(value: ScalarValue | null): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
  return JSON.stringify(value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value);
}
