/** A file as it was at one instant. */
export interface RegistryFileVersion {
  readonly bytes: Uint8Array;
  /** Names this version of the file. */
  readonly generation: string;
}

/** The one file that a registry is. Others may write it, too. */
export interface RegistryFile {
  /** Where it is, for messages. */
  readonly place: string;
  /** undefined where there is no file. Does not read it. */
  generation(): Promise<string | undefined>;
  read(): Promise<RegistryFileVersion | undefined>;
  /** Writes the whole where the file is still of that generation (undefined: where there is none), and resolves to the new one; undefined, and nothing is written, where it is not. */
  write(bytes: Uint8Array, ifGeneration: string | undefined): Promise<string | undefined>;
}
