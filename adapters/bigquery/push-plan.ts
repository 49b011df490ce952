import type { Said } from '../../ports/push-ledger.ts';

/** Rows for one table, and where they go: to an offset of a stream, so that however often they are sent there, they are there once. */
export interface PlannedTable {
  /** `projects/.../datasets/.../tables/...`. */
  readonly path: string;
  /** The table in the words of its definition, and the views that bring the rows. */
  readonly table: string;
  readonly views: readonly string[];
  readonly stream: string;
  /** Of the first row. */
  readonly offset: number;
  /** What the messages are. */
  readonly descriptor: Readonly<Record<string, unknown>>;
  /** Messages, as many as go into one request. */
  readonly parts: readonly (readonly Buffer[])[];
  /** Which row of its push each message is. */
  readonly rows: readonly number[];
}

/** All that another process needs to finish a push. */
export interface PushPlan {
  readonly tables: readonly PlannedTable[];
  readonly said: Said;
}

/** One request of the Storage Write API is at most 10 MB (cloud.google.com/bigquery/quotas, "Storage Write API"); the schema comes with the rows. */
export const MOST_PART_BYTES = 8_000_000;

/** Cuts messages into parts that a request may hold. */
export function partsOf(messages: readonly Buffer[], mostBytes = MOST_PART_BYTES): Buffer[][] {
  const parts: Buffer[][] = [];
  let bytes = Infinity;
  for (const message of messages) {
    if (bytes + message.length > mostBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(message);
    bytes += message.length + 6; // its tag and length
  }
  return parts;
}

/** A plan whose first parts of a table are in: what is left of it goes elsewhere. */
export function movedPlan(plan: PushPlan, index: number, doneParts: number, to: { readonly stream: string; readonly offset: number }): PushPlan {
  const doneRows = plan.tables[index]!.parts.slice(0, doneParts).flat().length;
  return { ...plan, tables: plan.tables.map((table, at) => (at === index ? { ...table, ...to, parts: table.parts.slice(doneParts), rows: table.rows.slice(doneRows) } : table)) };
}

const BYTES = 'base64:';

/** JSON text with bytes as base64. Digests and messages come back as they were. */
export function writePlan(plan: PushPlan): Buffer {
  return Buffer.from(JSON.stringify(plan, function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
    const raw = this[key]; // a Buffer has made JSON of itself before it comes here as the value
    return Buffer.isBuffer(raw) ? BYTES + raw.toString('base64') : value;
  }));
}

export function readPlan(bytes: Uint8Array): PushPlan {
  const { tables, said } = JSON.parse(Buffer.from(bytes).toString()) as Stored<PushPlan>;
  return {
    tables: tables.map((table) => ({ ...table, parts: table.parts.map((part) => part.map(bytesOf)) })),
    said: { ...said, events: said.events.map((one) => ({ ...one, event: bytesOf(one.event), latest: bytesOf(one.latest) })), contents: said.contents.map((one) => ({ ...one, content: bytesOf(one.content) })) },
  };
}

/** The type with text in the place of bytes. */
type Stored<T> = T extends Uint8Array ? string : T extends string | number | null ? T : T extends readonly (infer U)[] ? readonly Stored<U>[] : { readonly [K in keyof T]: Stored<T[K]> };

function bytesOf(text: string): Buffer {
  return Buffer.from(text.slice(BYTES.length), 'base64');
}
