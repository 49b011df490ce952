import type { LogEntry } from '@temporalio/worker';
import type { Log, LogFields } from '../ports/log.ts';

const SCALARS = new Set(['string', 'number', 'boolean']);

/** Temporal's log lines as ours: names and figures, no objects (they could hold data). */
export function logTemporal(log: Log): (entry: LogEntry) => void {
  return ({ level, message, meta }) => {
    const fields: LogFields = Object.fromEntries(Object.entries(meta ?? {}).filter(([, value]) => SCALARS.has(typeof value)) as [string, string][]);
    if (level === 'ERROR') log.error(message, { ...fields, ...causeOf(meta) });
    else if (level === 'WARN') log.warn(message, { ...fields, ...causeOf(meta) });
    else log.info(message, fields);
  };
}

function causeOf(meta: LogEntry['meta']): LogFields {
  const error: unknown = meta?.['error'];
  return error instanceof Error ? { error: error.message } : {};
}
