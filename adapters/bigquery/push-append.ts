import { setTimeout as sleep } from 'node:timers/promises';
import type { v1 } from '@google-cloud/bigquery-storage';
import { openAppendConnection, type AppendConnection, type AppendRequest } from './push-connection.ts';
import { AppendFailure, isUncertain, STATUS } from './push-errors.ts';
import type { Place, PlannedTable } from './push-plan.ts';

/** Rows with their place. */
export type PlacedRows = Place & Pick<PlannedTable, 'path' | 'descriptor' | 'parts'>;

export interface Appender {
  /** Resolves when all parts are in, once each: to the offset after them, and whether the table has another schema now. Rejects with an AppendFailure. */
  append(planned: PlacedRows, deadline: number): Promise<{ readonly end: number; readonly isSchemaNew: boolean }>;
  /** Closes the connection to a stream; the next append opens another. */
  disconnect(stream: string): void;
  close(): void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Appends to streams, of this process or another, by one connection each. */
export function openAppender(client: () => Promise<v1.BigQueryWriteClient>): Appender {
  const connections = new Map<string, AppendConnection>();
  return {
    append: async (planned, deadline) => {
      let end = planned.offset;
      let isSchemaNew = false;
      for (const [index, rows] of planned.parts.entries()) {
        isSchemaNew = (await appendPart(planned, { offset: end, rows }, index, deadline)) || isSchemaNew;
        end += rows.length;
      }
      return { end, isSchemaNew };
    },
    disconnect,
    close: () => [...connections.keys()].forEach(disconnect),
  };

  /** Sends the rows to the same offset until it is known that they are there, or that they cannot be. */
  async function appendPart(planned: PlacedRows, request: AppendRequest, doneParts: number, deadline: number): Promise<boolean> {
    let wasUncertain = false;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        const connection = await connectionTo(planned);
        return (await connection.append(request, deadline - Date.now())).isSchemaNew;
      } catch (error) {
        const { code } = error as { readonly code?: unknown };
        if (typeof code !== 'number') throw error;
        if (code === STATUS.ALREADY_EXISTS) return false;
        disconnect(planned.stream);
        const failed: AppendFailure = new AppendFailure(error, { doneParts, wasUncertain });
        wasUncertain = failed.isUncertain;
        if (!isUncertain(failed.code) || Date.now() + pause > deadline) throw failed;
        await sleep(pause);
      }
    }
  }

  async function connectionTo({ stream, descriptor }: PlacedRows): Promise<AppendConnection> {
    const opened = await client();
    const there = connections.get(stream) ?? openAppendConnection(opened, stream, descriptor);
    connections.set(stream, there);
    return there;
  }

  function disconnect(stream: string): void {
    connections.get(stream)?.close();
    connections.delete(stream);
  }
}
