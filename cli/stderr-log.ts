import type { Log, LogFields } from '../ports/log.ts';

const LEVELS = ['info', 'warn', 'error'] as const;

/** Lines on standard error, from a level upwards: `warn  message key=value`. */
export function stderrLog(from: (typeof LEVELS)[number] = 'info', stderr: NodeJS.WritableStream = process.stderr): Log {
  const at = (level: (typeof LEVELS)[number]) => (event: string, fields: LogFields = {}): void => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(from)) return;
    const text = Object.entries(fields).map(([key, value]) => ` ${key}=${String(value)}`).join('');
    stderr.write(`${level.padEnd(5)} ${event}${text}\n`);
  };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}
