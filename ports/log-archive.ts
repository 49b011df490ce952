/** Where log files are kept for long. */
export interface LogArchive {
  /** Copies the local file under the name; an equal one there is left as it is, another one replaced. Resolves to its URI. */
  keep(localFile: string, name: string): Promise<string>;
}
