import type { RowVersion } from '../../ports/online-store.ts';
import { readTimestampAt } from '../feast/codec/timestamp.ts';

const EVENT_TAG = (1 << 3) | 2;
const CREATED_TAG = (2 << 3) | 2;

/** The version of a row in a hash, by its serialized event timestamp and our own message beside it (empty where there is none). A created timestamp counts only where it belongs to that event. */
export function versionOf(event: Buffer, message: Buffer): RowVersion {
  const belonging = Buffer.concat([Buffer.of(EVENT_TAG, event.length), event]);
  const at = belonging.length;
  const isKnown = message.subarray(0, at).equals(belonging) && message[at] === CREATED_TAG;
  return {
    createdTimestampMicros: isKnown ? readTimestampAt(message, at + 2, message[at + 1]!) : null,
    token: Buffer.concat([Buffer.of(event.length), event, message]),
  };
}
