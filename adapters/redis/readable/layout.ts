import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import { markOfFeatures } from '../features-mark.ts';
import { inLanes } from '../layout.ts';
import type { LayoutOptions, OnlineLayout } from '../layout.ts';
import { lifetimeParameters } from '../lifetime.ts';
import { runScript } from '../script.ts';
import { createKeyNames, KEYS_BESIDE_FEATURES } from './key-names.ts';
import type { KeyNames } from './key-names.ts';
import { entityBatches, readVersions, removeIds, removeView, renewRows } from './maintenance.ts';
import { oldestWithin, packTexts } from './pack-texts.ts';
import { readReadableColumns } from './read.ts';
import { READABLE_WRITE_SCRIPT } from './scripts.ts';

/** Keys that one call of a script takes at most, where a single row has fewer. */
const KEYS_PER_CALL = 4000;

/** The readable layout: `view:feature:id` -> text, the row's times in keys beside it. One server, one project per database. */
export function createReadableLayout({ servers, keyTtlSeconds, rowsPerCall }: LayoutOptions): OnlineLayout {
  const known = new WeakMap<FeatureViewSnapshot, KeyNames>();
  const namesOf = (view: FeatureViewSnapshot): KeyNames => {
    let names = known.get(view);
    if (names === undefined) known.set(view, (names = createKeyNames(view)));
    return names;
  };
  const lifetime = lifetimeParameters(keyTtlSeconds);
  const rowsAtOnce = (view: FeatureViewSnapshot): number => Math.max(1, Math.min(rowsPerCall, Math.floor(KEYS_PER_CALL / (view.features.length + KEYS_BESIDE_FEATURES))));
  return {
    async write(view, batch) {
      const settings = [String(view.features.length), ...lifetime, oldestWithin(view, Date.now() * 1000), markOfFeatures(view).toString(16).padStart(8, '0')];
      const calls = packTexts(view, namesOf(view), batch, rowsAtOnce(view));
      const written = await inLanes(calls, ({ keys, parameters }) => runScript(servers, READABLE_WRITE_SCRIPT, [{ keys, parameters: [...settings, ...parameters] }]));
      return { written, skipped: batch.rowCount - written };
    },
    readColumns: (requests) => readReadableColumns(servers, namesOf, requests),
    renew: async (view, asOfMicros) => ({ renewed: await renewRows(servers, namesOf(view), [String(view.features.length + KEYS_BESIDE_FEATURES), ...lifetime, oldestWithin(view, asOfMicros)], rowsAtOnce(view)) }),
    entities: (view, batchSize) => entityBatches(servers, namesOf(view), batchSize),
    versions: (view, entityKeys) => readVersions(servers, namesOf(view), entityKeys),
    async remove(view, entityKeys, versions) {
      const names = namesOf(view);
      if (entityKeys === undefined) return { removed: await removeView(servers, names) };
      return { removed: await removeIds(servers, names, entityKeys.map((values, index) => ({ id: names.id(values), token: versions?.[index]?.token }))) };
    },
  };
}
