/** A folder that a run or an attempt left behind. */
export interface StoredFolder {
  readonly kind: 'run' | 'temporary';
  /** Of a run: its key (`domain/run-key.ts`). */
  readonly name: string;
  /** Of all files in it. */
  readonly bytes: number;
  /** When anything in it was written last, in milliseconds since the epoch. */
  readonly changedMillis: number;
}

/** The artifact store's folders as things to clear up. */
export interface RunStorage {
  /** All of them, by kind and name. */
  list(): Promise<readonly StoredFolder[]>;
  /**
   * Removes the folder; nothing there is no error. In a file system a reader sees all of it or nothing; in a bucket, which cannot rename a folder, some files go before others. So remove only
   * what nobody reads any more. What a broken removal leaves is listed again.
   */
  remove(folder: Pick<StoredFolder, 'kind' | 'name'>): Promise<void>;
}
