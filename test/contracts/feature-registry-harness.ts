import type { KindName } from '../../adapters/feast/registry/kinds.ts';
import type { OTHER_VIEWS } from '../../adapters/feast/registry/other-views.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';

export type OtherViewPlace = keyof typeof OTHER_VIEWS;

/** One registry, and what a test needs beside the port: what another program would find and write there. */
export interface FeatureRegistryHarness {
  /** Another client of the same registry. The test closes it. */
  connect(project: string): FeatureRegistry;
  /** The object's message. */
  message(project: string, kind: KindName, name: string): Promise<Uint8Array>;
  /** Puts another message in the place of the object's, as another program writes it. */
  rewrite(project: string, kind: KindName, name: string, bytes: Uint8Array): Promise<void>;
  /** Version numbers in a view's history, in their order. */
  versions(project: string, view: string): Promise<number[]>;
  /** All messages of views of a kind that another program writes. */
  otherViews(project: string, place: OtherViewPlace): Promise<readonly Uint8Array[]>;
  addOtherView(project: string, place: OtherViewPlace, name: string, bytes: Uint8Array): Promise<void>;
  removeOtherViews(project: string, place: OtherViewPlace): Promise<void>;
  /** Changes with each writing of the project's feature views. */
  writings(project: string): Promise<unknown>;
  /** Takes the locks that are held away from whoever holds them; how many there were. */
  breakLocks(): Promise<number>;
  close(): Promise<void>;
}
