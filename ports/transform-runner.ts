import type { OnDemandSnapshot, RowTransform } from '../domain/features/on-demand.ts';

/** Runs the functions of on-demand feature views, from their bundles. */
export interface TransformRunner {
  /**
   * The view's function, kept apart from the process: it sees no clock, chance, files, network, zone or locale of the machine, so that it gives the same for the same row everywhere.
   * What it does wrong is thrown as a TransformFault. INVALID_DATA when the source is not the one that its hash names, or is no bundle.
   */
  load(view: Pick<OnDemandSnapshot, 'name' | 'source' | 'sha256'>): RowTransform;
}
