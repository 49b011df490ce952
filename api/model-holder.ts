import type { Log } from '../ports/log.ts';
import { loadServedModel, type ModelLoader, type ServedModel } from './served-model.ts';

/** Holds the model that answers, and takes over the next one when the alias moves. */
export interface ModelHolder {
  readonly current: ServedModel;
  /** Calls `use` with the model that is current now; it stays open until `use` is done, also when another takes over meanwhile. */
  with<T>(use: (model: ServedModel) => Promise<T>): Promise<T>;
  /** Looks the URI up once and takes over what it names now. A model that cannot be loaded leaves the current one in place. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

interface Held {
  readonly model: ServedModel;
  users: number;
  retired: boolean;
}

export async function holdModel(loader: ModelLoader, uri: string, log: Log): Promise<ModelHolder> {
  let held: Held = { model: await loadServedModel(loader, uri), users: 0, retired: false };
  const release = async (old: Held): Promise<void> => {
    if (old.retired && old.users === 0) await old.model.session.close();
  };
  const retire = (old: Held): Promise<void> => {
    old.retired = true;
    return release(old);
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
    refresh: async () => {
      try {
        const { modelId } = await loader.tracker.modelFolder(uri);
        if (modelId === held.model.modelId) return;
        const [old, model] = [held, await loadServedModel(loader, uri)];
        held = { model, users: 0, retired: false };
        log.info('model changed', { uri, model_id: model.modelId, version: model.version });
        await retire(old);
      } catch (error) {
        log.error('model not refreshed', { uri, error: error instanceof Error ? error.message : String(error) });
      }
    },
    close: () => retire(held),
  };
}
