import type { RegistryFile, RegistryFileVersion } from '../../ports/registry-file.ts';

/** A registry file in memory, which several registries of one test share. */
export interface MemoryRegistryFile extends RegistryFile {
  /** Writings that were done; those that were refused do not count. */
  readonly writings: number;
  /** What is called before the next writing: another program's turn. */
  beforeWrite(turn: () => Promise<void>): void;
  /** The next writing is done, and then answered as if another had been first. */
  loseNextAnswer(): void;
}

export function createMemoryRegistryFile(): MemoryRegistryFile {
  let version: RegistryFileVersion | undefined;
  let writings = 0;
  let turn: (() => Promise<void>) | undefined;
  let isAnswerLost = false;
  return {
    place: 'gs://bucket/registry.db',
    get writings() {
      return writings;
    },
    beforeWrite: (work) => void (turn = work),
    loseNextAnswer: () => void (isAnswerLost = true),
    generation: () => Promise.resolve(version?.generation),
    read: () => Promise.resolve(version),
    async write(bytes, ifGeneration) {
      const other = turn;
      turn = undefined;
      await other?.();
      if (version?.generation !== ifGeneration) return undefined;
      writings += 1;
      version = { bytes: bytes.slice(), generation: String(writings) };
      if (!isAnswerLost) return version.generation;
      isAnswerLost = false;
      return undefined;
    },
  };
}
