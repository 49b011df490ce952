/** Figures and names that belong to an event. No data rows, no secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** One line per event, for people and machines. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
