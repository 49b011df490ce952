/** One object of a registry, as a row for people and their queries. */
export interface RegistryRow {
  readonly project: string;
  readonly kind: string;
  readonly name: string;
  /** JSON text: the object's message, with Feast's names. */
  readonly definition: string;
}

/** Rows that show a registry file to whoever cannot read it. The file is the truth; what is here can be made again at any time. */
export interface RegistryTable {
  /** The generation of the rows that are there; undefined where there are none. */
  generation(): Promise<string | undefined>;
  /** Puts these rows in the place of all others, with the generation of the file that they are from and the time of writing. Seen whole or not at all. */
  replace(rows: readonly RegistryRow[], generation: string): Promise<void>;
  close(): Promise<void>;
}
