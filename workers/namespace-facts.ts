import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTE_NAMES } from '../temporal/search-attributes.ts';

/** Whether the namespace has all of our search attributes. A service that does not tell (no permission) counts as without. */
export async function namespaceHasSearchAttributes(connection: NativeConnection, namespace: string): Promise<boolean> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return SEARCH_ATTRIBUTE_NAMES.every((name) => name in (customAttributes ?? {}));
  } catch {
    return false;
  }
}
