import type { PushedRows } from '../../domain/features/pushed-rows.ts';
import type { Push } from '../../ports/push-log.ts';
import type { BigQuerySettings } from './connection.ts';
import { asAppendError } from './push-errors.ts';
import type { Judged, NewLine } from './push-judge.ts';
import { partsOf, type PlannedLine, type PlannedTable, type PushPlan } from './push-plan.ts';
import { RAW_PUSHES, rawMessage } from './push-raw.ts';
import { tableRows, type TableRows } from './push-rows.ts';
import type { WriteSchema } from './push-schema.ts';
import type { TableStreams } from './push-streams.ts';
import { tableId } from './sql.ts';

/** A push with its tables' rows. */
export interface BoundPush {
  readonly push: Push;
  readonly tables: readonly TableRows[];
}

export interface PushTables {
  /** Validates everything against the tables as they are, before anything is noted. */
  bind(pushes: readonly Push[]): Promise<BoundPush[]>;
  /** Where the new rows go: to the views' tables first, so that where one refuses them the raw events have nothing of the push. */
  plan(judged: Judged, notes: PushPlan['notes']): Promise<PushPlan>;
}

/** Rows for one table, before they have a place. */
interface Unplaced {
  readonly table: string;
  readonly views: readonly string[];
  readonly schema: WriteSchema;
  readonly lines: readonly number[];
  readonly messages: readonly Buffer[];
}

/** A table that refuses rows may have been changed since it was looked at. */
const SCHEMA_AGE_MS = 10_000;

export function createPushTables(settings: Omit<BigQuerySettings, 'maximum_bytes_billed'>, streams: TableStreams): PushTables {
  const pathOf = (table: string): string => {
    const { projectId, datasetId, tableId: name } = tableId(settings, table);
    return `projects/${projectId}/datasets/${datasetId}/tables/${name}`;
  };
  const explained = async <T>(table: string, views: readonly string[], call: (path: string) => Promise<T>): Promise<T> => {
    try {
      return await call(pathOf(table));
    } catch (error) {
      throw asAppendError(error, { table, views }, settings);
    }
  };
  const bind = async (pushes: readonly Push[], newerThanMs?: number): Promise<BoundPush[]> => {
    const schemas = new Map<string, WriteSchema>();
    for (const { name, source: { table } } of pushes.flatMap(({ views }) => views.map(({ view }) => view))) if (!schemas.has(table)) schemas.set(table, await explained(table, [name], (path) => streams.schemaOf(path, newerThanMs)));
    try {
      return pushes.map((push) => ({ push, tables: tablesOf(push, schemas) }));
    } catch (error) {
      if (newerThanMs !== undefined) throw error;
      return bind(pushes, SCHEMA_AGE_MS);
    }
  };
  const place = async ({ messages, schema, ...to }: Unplaced): Promise<PlannedTable> =>
    explained(to.table, to.views, async (path) => ({ ...to, path, place: await streams.next(path), descriptor: schema.descriptor, parts: partsOf(messages) }));
  return {
    bind: (pushes) => bind(pushes),
    plan: async ({ fresh, recalled }, notes) => {
      const raw = await explained(RAW_PUSHES, [], (path) => streams.schemaOf(path));
      const tables: PlannedTable[] = [];
      for (const [table, lines] of byTable(fresh)) {
        const { schema, views } = fresh[lines[0]!]!.rows;
        tables.push(await place({ table, views, schema, lines, messages: lines.map((at) => fresh[at]!.line.message(fresh[at]!.createdMicros)) }));
      }
      const views = [...new Set(fresh.flatMap(({ rows }) => rows.views))];
      tables.push(await place({ table: RAW_PUSHES, views, schema: raw, lines: fresh.map((_line, at) => at), messages: fresh.map((line) => rawMessage(line, raw)) }));
      return { notedAtMs: Date.now(), tables, lines: fresh.map(plannedLine), recalled, notes };
    },
  };
}

function plannedLine({ line: { row, event, content, createdMicros }, greatestMicros }: NewLine): PlannedLine {
  return { row, event, content, createdMicros: greatestMicros, ownMicros: createdMicros };
}

function tablesOf({ views }: Push, schemas: ReadonlyMap<string, WriteSchema>): TableRows[] {
  const sharing = new Map<string, PushedRows[]>();
  for (const rows of views) sharing.set(rows.view.source.table, [...(sharing.get(rows.view.source.table) ?? []), rows]);
  return [...sharing].map(([table, rows]) => tableRows(rows, schemas.get(table)!));
}

/** Which lines go to each table. */
function byTable(fresh: readonly NewLine[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const [at, { rows: { table } }] of fresh.entries()) {
    const there = found.get(table);
    if (there === undefined) found.set(table, [at]);
    else there.push(at);
  }
  return found;
}
