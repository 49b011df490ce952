/** One check of `ml-pipeline doctor`. */
export interface ProbeResult {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly detail: string;
  /** What it was asked of: an address, a bucket, a folder. */
  readonly where?: string;
  /** How long the answer took. */
  readonly milliseconds?: number;
  /** What to do about it; only where `ok` is false. */
  readonly cure?: string;
}

export interface BoundPlace {
  /** An address, a bucket, a folder: nothing secret. */
  readonly where: string;
  /** What to do where it does not answer. */
  readonly cure: string;
}

/** Where the ports that speak to something outside lead. */
export type BoundPlaces = Readonly<Record<'warehouse' | 'onlineStore' | 'registry' | 'artifacts' | 'tracking' | 'temporal', BoundPlace>>;
