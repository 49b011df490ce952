import type { Micros } from '../../../domain/instant.ts';
import type { KindName } from './kinds.ts';
import type { OtherView } from './other-views.ts';

/** A message of one object. */
export interface StoredObject {
  readonly kind: KindName;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An entry of a view's version history. */
export interface ViewVersion {
  readonly view: string;
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** What a registry keeps of one project, as one reading sees it. */
export interface RegistryReader {
  /** Messages of one kind by name, in name order. */
  objects(kind: KindName): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Views of kinds that are not ours, by name. */
  otherViews(): Promise<ReadonlyMap<string, OtherView>>;
  /** Greatest version number in the history, by view. */
  newestVersions(): Promise<ReadonlyMap<string, number>>;
  /** A text of ours beside the objects, which Feast passes over; undefined where there is none. */
  note(key: string): Promise<string | undefined>;
}

/** The same, in a change. */
export interface RegistryRecords extends RegistryReader {
  put(object: StoredObject, now: Micros): Promise<void>;
  addVersion(version: ViewVersion, now: Micros): Promise<void>;
  /** A view goes with its history. */
  remove(kind: KindName, name: string): Promise<void>;
  /** undefined: the note goes. */
  putNote(key: string, value: string | undefined, now: Micros): Promise<void>;
  /** Notes a change of the project's objects, and enters the project itself where it is new: readers go from project to project. */
  touchProject(now: Micros): Promise<void>;
}

/** Where a registry is kept: one project of it. */
export interface RegistryStore {
  /** All that `work` reads is of one instant. A registry that does not exist yet is empty. */
  read<T>(work: (records: RegistryReader) => Promise<T>): Promise<T>;
  /** All that `work` does is seen at once, or, when it rejects, never. It may be called again, on newer records: it touches nothing else. */
  change<T>(work: (records: RegistryRecords) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A registry that does not exist yet. */
export const NO_RECORDS: RegistryReader = {
  objects: () => Promise.resolve(new Map()),
  otherViews: () => Promise.resolve(new Map()),
  newestVersions: () => Promise.resolve(new Map()),
  note: () => Promise.resolve(undefined),
};
