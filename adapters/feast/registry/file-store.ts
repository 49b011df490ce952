import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { PipelineError } from '../../../domain/errors.ts';
import type { RegistryFile } from '../../../ports/registry-file.ts';
import { type Registry, RegistrySchema } from '../gen/feast/core/Registry_pb.ts';
import { fileReader, fileRecords } from './file-records.ts';
import type { RegistryRecords, RegistryStore } from './records.ts';
import { toTimestamp } from './timestamps.ts';

/** How long others that write the file are made way for. */
const PATIENCE_MS = 30_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** Feast says so in each file that it makes. */
const SCHEMA_VERSION = '1';

/** The file as it was at one instant. */
export interface FileState {
  readonly registry: Registry;
  /** undefined: there is no file yet. */
  readonly generation: string | undefined;
}

export interface FileStore extends RegistryStore {
  /** All projects of the file. */
  current(): Promise<FileState>;
}

interface Change {
  readonly work: (records: RegistryRecords) => Promise<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A project in Feast's registry file. What was read is kept, and read again when the file has another generation. A change is one writing of the whole file, on the condition that it is still the
 * one that was read; otherwise it is made anew on the newer one. Changes of one process that wait for each other are written together: an object store takes about one writing of a file per second.
 */
export function createFileStore(file: RegistryFile, project: string): FileStore {
  let known: FileState | undefined;
  const current = async (): Promise<FileState> => {
    const generation = await file.generation();
    if (known !== undefined && known.generation === generation) return known;
    const found = generation === undefined ? undefined : await file.read();
    return (known = found === undefined ? { registry: create(RegistrySchema), generation: undefined } : { registry: decode(found.bytes, file.place), generation: found.generation });
  };
  const writeTogether = async (changes: readonly Change[]): Promise<void> => {
    const end = Date.now() + PATIENCE_MS;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const before = await current();
      const { registry, settle } = await makeChanges(before.registry, project, changes);
      if (registry === before.registry) return settle();
      const written = await replaceFile(file, registry, before.generation);
      if (written !== undefined) {
        known = written;
        return settle();
      }
      if (Date.now() > end) throw new PipelineError('UNAVAILABLE', `Other programs write the registry file ${file.place} again and again; nothing was changed here. Try it again.`);
      await sleep(pause * (0.5 + Math.random()));
    }
  };
  const changeInTurn = inTurns(writeTogether);
  return {
    current,
    read: async (work) => work(fileReader((await current()).registry, project)),
    change: (work) => changeInTurn(work),
    close: () => Promise.resolve(),
  };
}

function decode(bytes: Uint8Array, place: string): Registry {
  try {
    return fromBinary(RegistrySchema, bytes);
  } catch (cause) {
    throw new PipelineError('INVALID_DATA', `${place} is not a registry file of Feast. Look at registry.path in the settings; an earlier version of the object may be one.`, { cause });
  }
}

/** Collects what is asked for while a writing is under way; the next one takes it all. */
function inTurns(writeTogether: (changes: readonly Change[]) => Promise<void>): <T>(work: (records: RegistryRecords) => Promise<T>) => Promise<T> {
  let waiting: Change[] = [];
  let isUnderWay = false;
  const writeAll = async (): Promise<void> => {
    isUnderWay = true;
    while (waiting.length > 0) {
      const changes = waiting;
      waiting = [];
      try {
        await writeTogether(changes);
      } catch (error) {
        for (const { reject } of changes) reject(error);
      }
    }
    isUnderWay = false;
  };
  return <T>(work: (records: RegistryRecords) => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      waiting.push({ work, resolve: resolve as (result: unknown) => void, reject });
      if (!isUnderWay) void writeAll();
    });
}

/** Makes the changes one after the other, each on a copy: one that is refused leaves nothing. The same message where none changes anything. `settle` tells each caller. */
async function makeChanges(before: Registry, project: string, changes: readonly Change[]): Promise<{ readonly registry: Registry; readonly settle: () => void }> {
  let registry = before;
  const outcomes: (() => void)[] = [];
  for (const { work, resolve, reject } of changes) {
    const draft = clone(RegistrySchema, registry);
    let isChanged = false;
    try {
      const result = await work(fileRecords(draft, project, () => (isChanged = true)));
      if (isChanged) registry = draft;
      outcomes.push(() => resolve(result));
    } catch (error) {
      outcomes.push(() => reject(error));
    }
  }
  return { registry, settle: () => outcomes.forEach((tell) => tell()) };
}

/** The file as it is then; undefined when another program was first. A writing whose answer was lost counts as another's at its repetition: the identifier in the file tells whose it was. */
async function replaceFile(file: RegistryFile, registry: Registry, ifGeneration: string | undefined): Promise<FileState | undefined> {
  registry.registrySchemaVersion ||= SCHEMA_VERSION;
  registry.versionId = randomUUID();
  registry.lastUpdated = toTimestamp(Date.now() * 1000);
  const generation = await file.write(toBinary(RegistrySchema, registry), ifGeneration);
  if (generation !== undefined) return { registry, generation };
  const found = await file.read();
  if (found === undefined) return undefined;
  const there = decode(found.bytes, file.place);
  return there.versionId === registry.versionId ? { registry: there, generation: found.generation } : undefined;
}
