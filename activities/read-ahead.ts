/**
 * The values of the source, the next one being made while the caller works on the last: reading and writing overlap, with two values in memory. A caller that stops early
 * also ends the source; `stop` is called first, to cut short what the source is at.
 */
export async function* readAhead<T>(source: AsyncIterable<T>, stop: () => void): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]();
  const advance = (): Promise<IteratorResult<T>> => {
    const next = iterator.next();
    next.catch(() => undefined); // thrown where it is awaited, which may be later than the error
    return next;
  };
  let next = advance();
  try {
    for (;;) {
      const result = await next;
      if (result.done === true) return;
      next = advance();
      yield result.value;
    }
  } finally {
    stop();
    await iterator.return?.();
  }
}
