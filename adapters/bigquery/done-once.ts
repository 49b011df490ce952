/** Work under way, by owner and key. */
const underWay = new WeakMap<object, Map<string, Promise<unknown>>>();

/**
 * Does the work, or waits for another who is doing the same (by the key) and takes what comes of it; where the other fails, or is told to stop, the work is done here.
 * Aborting `signal` ends the waiting; the work has to look at its own.
 */
export async function doneOnce<T>(owner: object, key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const all = underWay.get(owner) ?? new Map<string, Promise<unknown>>();
  underWay.set(owner, all);
  for (let other = all.get(key); other !== undefined; other = all.get(key)) {
    const outcome = await unlessAborted(other.then((value) => ({ value: value as T }), () => undefined), signal);
    if (outcome !== undefined) return outcome.value;
  }
  const own = work();
  all.set(key, own);
  try {
    return await own;
  } finally {
    all.delete(key);
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = rejection();
  const stop = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function rejection(): { readonly promise: Promise<never>; readonly reject: (reason: Error) => void } {
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<never>((_, refuse) => (reject = refuse));
  return { promise, reject };
}
