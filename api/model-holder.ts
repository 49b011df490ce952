import type { Log } from '../ports/log.ts';
import { loadServedModel, type ModelLoader, type ServedModel } from './served-model.ts';

/** Holds the model that answers, and takes over the next one when the alias moves. */
export interface ModelHolder {
  readonly current: ServedModel;
  /** Calls `use` with the model that is current now; it stays open until `use` is done, also when another takes over meanwhile. */
  with<T>(use: (model: ServedModel) => Promise<T>): Promise<T>;
  /** Looks the URI up and takes over what it names now; calls at the same time are one. A model that cannot be loaded leaves the current one in place. */
  refresh(): Promise<void>;
  /** Closes the model when nobody uses it any more. */
  close(): Promise<void>;
}

interface Held {
  readonly model: ServedModel;
  users: number;
  retired: boolean;
}

const hold = (model: ServedModel): Held => ({ model, users: 0, retired: false });

/** Loads the model; NOT_FOUND when there is none. */
export async function holdModel(loader: ModelLoader, uri: string, log: Log): Promise<ModelHolder> {
  let held = hold(await loadServedModel(loader, uri));
  let refreshing: Promise<void> | undefined;
  let closed = false;
  const failed = (event: string) => (error: unknown): void => log.error(event, { uri, error: error instanceof Error ? error.message : String(error) });
  const release = async (old: Held): Promise<void> => {
    if (old.retired && old.users === 0) await old.model.session.close().catch(failed('model not closed'));
  };
  const retire = (old: Held): Promise<void> => {
    old.retired = true;
    return release(old);
  };
  const lookUp = async (): Promise<void> => {
    const { modelId, name, version } = await loader.tracker.modelFolder(uri);
    const { model } = held;
    if (modelId === model.modelId && (name ?? null) === model.name && (version ?? null) === model.version) return;
    const next = hold(await loadServedModel(loader, uri));
    if (closed) return retire(next);
    const old = held;
    held = next;
    log.info('model changed', { uri, model_id: next.model.modelId, version: next.model.version });
    await retire(old);
  };
  return {
    get current() {
      return held.model;
    },
    with: async (use) => {
      const mine = held;
      mine.users++;
      try {
        return await use(mine.model);
      } finally {
        mine.users--;
        await release(mine);
      }
    },
    refresh: () => {
      refreshing ??= lookUp().catch(failed('model not refreshed')).finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
    close: async () => {
      closed = true;
      await refreshing;
      await retire(held);
    },
  };
}
