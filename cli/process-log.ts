import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log, LogFields } from '../ports/log.ts';
import { stderrLog } from './stderr-log.ts';

/**
 * The log of a process that runs for long: one JSON object a line, on standard error, which the background processes' starter and containers keep.
 * In a terminal people get readable lines instead, and the JSON goes to `<folder>/<name>.log`.
 */
export function processLog(name: string, folder: string, stderr: NodeJS.WriteStream = process.stderr): Log {
  if (!stderr.isTTY) return jsonLog(stderr);
  mkdirSync(folder, { recursive: true });
  const file = jsonLog(createWriteStream(join(folder, `${name}.log`), { flags: 'a', mode: 0o600 }));
  const screen = stderrLog('info', stderr);
  const both = (level: keyof Log) => (event: string, fields?: LogFields): void => {
    file[level](event, fields);
    screen[level](event, fields);
  };
  return { info: both('info'), warn: both('warn'), error: both('error') };
}

function jsonLog(stream: NodeJS.WritableStream): Log {
  const at = (level: keyof Log) => (event: string, fields: LogFields = {}): void => void stream.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  return { info: at('info'), warn: at('warn'), error: at('error') };
}
