import type { RecordBatch } from '../../domain/data/columns.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { OnlineWriteResult } from '../../ports/online-store.ts';
import { inLanes } from './layout.ts';
import type { LayoutOptions, OnlineLayout } from './layout.ts';
import { lifetimeParameters } from './lifetime.ts';
import { readVersions, removeRows, renewKeys, scanEntities } from './maintenance.ts';
import { packRows } from './pack-rows.ts';
import { readColumns } from './read-columns.ts';
import { runScript } from './script.ts';
import { createViewLayouts } from './view-layout.ts';
import { wireArguments } from './wire-command.ts';
import { WRITE_SCRIPT } from './write-script.ts';

/** Feast's layout: one hash per entity, in it the views that share its join keys. */
export function createFeastLayout({ servers, project, keyTtlSeconds, rowsPerCall }: LayoutOptions): OnlineLayout {
  const layoutOf = createViewLayouts(project);
  return {
    write: writeRows,
    readColumns: (requests) => readColumns(servers, layoutOf, requests),
    renew: (view, asOfMicros) => renewKeys(servers, layoutOf(view), view, asOfMicros, keyTtlSeconds),
    entities: (view, batchSize) => scanEntities(servers, layoutOf(view), batchSize),
    versions: (view, entityKeys) => readVersions(servers, layoutOf(view), entityKeys),
    remove: (view, entityKeys, versions) => removeRows(servers, layoutOf(view), view, entityKeys, versions),
  };

  async function writeRows(view: FeatureViewSnapshot, batch: RecordBatch): Promise<OnlineWriteResult> {
    const layout = layoutOf(view);
    const settings = wireArguments([layout.fields.timestamp, layout.createdField, ...lifetimeParameters(keyTtlSeconds), String(view.ttlSeconds === null ? -1 : Math.ceil(view.ttlSeconds))]);
    const fields = wireArguments(view.features.map(({ name }) => layout.fields.feature(name)));
    const turns = packRows(view, layout, batch, rowsPerCall, servers.slotOf);
    const written = await inLanes(turns, (turn) => runScript(servers, WRITE_SCRIPT, turn.map(({ keys, rows }) => ({ keys, parameters: [settings, rows, fields] }))));
    return { written, skipped: batch.rowCount - written };
  }
}
