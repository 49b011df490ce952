import { setImmediate } from 'node:timers/promises';
import type { DatasetStore } from '../ports/dataset-store.ts';

/**
 * The store with a pause after each batch that it reads. Without it, reading and computing follow each other without end and hold the event loop: no heartbeat goes out,
 * no cancellation comes in. An aborted signal ends the reading.
 */
export function interruptible(store: DatasetStore, signal: AbortSignal): DatasetStore {
  return { ...store, read: (ref, options) => withPauses(store.read(ref, options), signal) };
}

async function* withPauses<T>(batches: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  for await (const batch of batches) {
    signal.throwIfAborted();
    yield batch;
    await setImmediate();
  }
}
