/** gRPC's numbers for a server that does not answer in time, or not at all. */
const AWAY: readonly unknown[] = [4, 14];

/** Whether a call to Temporal failed because nobody answered: the same call may work later. Its errors carry gRPC's number, or are caused by one that does. */
export function isServerAway(error: unknown): boolean {
  for (let link = error; typeof link === 'object' && link !== null; link = (link as { readonly cause?: unknown }).cause) {
    if (AWAY.includes((link as { readonly code?: unknown }).code)) return true;
  }
  return false;
}
