import type { OnlineStore } from '../../ports/online-store.ts';
import type { Spans } from './spans.ts';

/** The store, with a span around each read; its name and sizes, no keys and no values. */
export function traceOnlineStore(store: OnlineStore, spans: Spans): OnlineStore {
  const around = <R extends readonly { readonly entityKeys: readonly unknown[] }[], T>(requests: R, read: () => Promise<T>): Promise<T> =>
    spans.around('online store read', { kind: 'client', attributes: { 'db.operation.name': 'read', 'ml_pipeline.views': requests.length, 'ml_pipeline.rows': requests.reduce((most, { entityKeys }) => Math.max(most, entityKeys.length), 0) } }, read);
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'read') return (requests: Parameters<OnlineStore['read']>[0]) => around(requests, () => target.read(requests));
      if (name === 'readColumns') return (requests: Parameters<OnlineStore['readColumns']>[0]) => around(requests, () => target.readColumns(requests));
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member as (...input: unknown[]) => unknown).bind(target) : member;
    },
  });
}
