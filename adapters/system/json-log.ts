import type { Log, LogFields } from '../../ports/log.ts';

/** One JSON object per line: `{"time", "severity", "message", ...fields}`. `write` gets the line with its newline. */
export function createJsonLog(write: (line: string) => void): Log {
  const line = (severity: string) => (message: string, fields: LogFields = {}): void => write(`${JSON.stringify({ time: new Date().toISOString(), severity, message, ...fields })}\n`);
  return { info: line('INFO'), warn: line('WARNING'), error: line('ERROR') };
}
