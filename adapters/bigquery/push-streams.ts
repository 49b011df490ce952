import type { v1 } from '@google-cloud/bigquery-storage';
import { openAppender, type PlacedRows } from './push-append.ts';
import { within } from './push-connection.ts';
import type { Place } from './push-plan.ts';
import type { WriteSchema } from './push-schema.ts';

/** The streams of this process: one for each table that it writes to, of the type COMMITTED, whose rows can be read as soon as they are in. */
export interface TableStreams {
  /** The table as rows are written to it. `newerThanMs`: where it was looked at longer ago, it is looked at again. Opens the table's stream; rejects with `code` where that cannot be. */
  schemaOf(path: string, newerThanMs?: number): Promise<WriteSchema>;
  /** Where the next rows of a table go. Only one who appends them may ask next. */
  next(path: string): Promise<Place>;
  /** Resolves when all parts are in, once each. Rejects with an AppendFailure. */
  append(planned: PlacedRows, deadline: number): Promise<void>;
  /** Nothing more goes into the stream that the table has: what it holds may be more than is known. */
  drop(path: string): void;
  close(): void;
}

interface TableStream {
  readonly name: string;
  readonly schema: WriteSchema;
  readonly openedAt: number;
  end: number;
}

const OPEN_MS = 10_000;

export function openTableStreams(client: () => Promise<v1.BigQueryWriteClient>): TableStreams {
  const streams = new Map<string, Promise<TableStream>>();
  const appender = openAppender(client);
  const streamOf = (path: string): Promise<TableStream> => {
    const there = streams.get(path) ?? openStream(client, path);
    streams.set(path, there);
    there.catch(() => streams.get(path) === there && streams.delete(path));
    return there;
  };
  const drop = (path: string): void => {
    streams.get(path)?.then(({ name }) => appender.disconnect(name), () => undefined); // one that could not be opened has no connection
    streams.delete(path);
  };
  return {
    schemaOf: async (path, newerThanMs) => {
      const there = await streamOf(path);
      if (newerThanMs === undefined || Date.now() - there.openedAt <= newerThanMs) return there.schema;
      drop(path);
      return (await streamOf(path)).schema;
    },
    next: async (path) => {
      const { name, end } = await streamOf(path);
      return { stream: name, offset: end };
    },
    append: async (planned, deadline) => {
      const { end, isSchemaNew } = await appender.append(planned, deadline);
      const own = await streams.get(planned.path);
      if (own?.name !== planned.stream) appender.disconnect(planned.stream);
      else if (isSchemaNew) drop(planned.path);
      else own.end = Math.max(own.end, end); // an earlier plan, taken over, may end before what went in since
    },
    drop,
    close: () => appender.close(),
  };
}

async function openStream(client: () => Promise<v1.BigQueryWriteClient>, path: string): Promise<TableStream> {
  const [opened, { writeSchema }] = await Promise.all([client(), import('./push-schema.ts')]); // both with the Storage API's package, which takes long to load
  const [{ name, tableSchema }] = await within(OPEN_MS, opened.createWriteStream({ parent: path, writeStream: { type: 'COMMITTED' } }, { timeout: OPEN_MS, retry: null }));
  return { name: name!, schema: writeSchema(tableSchema!), openedAt: Date.now(), end: 0 };
}
