/** Every workflow type, by the name under which it is started. */
export { trainModel } from './train-model.ts';
export { materializeFeatures } from './materialize-features.ts';
export { backfillFeatures } from './backfill-features.ts';
export { holdView } from './hold-view.ts';
