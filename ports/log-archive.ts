/** Where log files are kept for long. */
export interface LogArchive {
  /** Where it is, for people. */
  readonly where: string;
  /** Rejects where nothing can be kept, since the place itself is missing or closed to this process; nothing is written. */
  check(): Promise<void>;
  /** Copies the local file under the name; an equal one there is left as it is, another one replaced. Resolves to its URI. */
  keep(localFile: string, name: string): Promise<string>;
}
