import type { PushPlan } from './push-plan.ts';

const BYTES = 'base64:';

/** JSON text with bytes as base64. Digests and messages come back as they were. */
export function writePlan(plan: PushPlan): Buffer {
  return Buffer.from(JSON.stringify(plan, function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
    const raw = this[key]; // a Buffer has made JSON of itself before it comes here as the value
    return Buffer.isBuffer(raw) ? BYTES + raw.toString('base64') : value;
  }));
}

export function readPlan(bytes: Uint8Array): PushPlan {
  const { tables, lines, recalled, ...rest } = JSON.parse(Buffer.from(bytes).toString()) as Stored<PushPlan>;
  return {
    ...rest,
    tables: tables.map((table) => ({ ...table, parts: table.parts.map((part) => part.map(bytesOf)) })),
    lines: lines.map((line) => line && { ...line, event: bytesOf(line.event), content: bytesOf(line.content) }),
    recalled: recalled.map((one) => ({ ...one, event: bytesOf(one.event), latest: bytesOf(one.latest) })),
  };
}

/** The type with text in the place of bytes. */
type Stored<T> = T extends Uint8Array ? string : T extends string | number | null ? T : T extends readonly (infer U)[] ? readonly Stored<U>[] : { readonly [K in keyof T]: Stored<T[K]> };

function bytesOf(text: string): Buffer {
  return Buffer.from(text.slice(BYTES.length), 'base64');
}
