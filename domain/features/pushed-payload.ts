import { canonicalize } from './canonical.ts';
import type { FeatureViewSnapshot } from './snapshot.ts';
import type { FeatureValue, ScalarValue } from './value-types.ts';
import type { PushedRow, PushedRows } from './pushed-rows.ts';

type Cell = null | boolean | number | string | readonly Cell[];
type Line = readonly [key: readonly Cell[], values: readonly Cell[], event: number, created: number | null, deleted: boolean];

/** Rows as JSON text from which `readPayload` makes the same canonical values, bit for bit. */
export function writePayload(rows: readonly PushedRow[]): string {
  return JSON.stringify(rows.map((row): Line => [row.key.map(cell), row.values.map(cell), row.eventTimestampMicros, row.createdTimestampMicros, row.deleted]));
}

export function readPayload(viewText: string, rowsText: string): PushedRows {
  const view = JSON.parse(viewText) as FeatureViewSnapshot;
  const rows = (JSON.parse(rowsText) as Line[]).map(([key, values, eventTimestampMicros, createdTimestampMicros, deleted]) => ({
    key: key.map((value, index) => canonicalize(view.joinKeys[index]!.type, value)),
    values: values.map((value, index) => canonicalize(view.features[index]!.type, value)),
    eventTimestampMicros,
    createdTimestampMicros,
    deleted,
  }));
  return { view, rows };
}

/** What JSON has no number for becomes the text that `canonicalize` reads. */
function cell(value: FeatureValue): Cell {
  if (value === null) return null;
  return Array.isArray(value) ? (value as readonly ScalarValue[]).map(scalarCell) : scalarCell(value as ScalarValue);
}

function scalarCell(value: ScalarValue): Cell {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value);
  return value instanceof Uint8Array ? btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join('')) : value;
}
