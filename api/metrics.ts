import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What Prometheus reads at `/metrics`. */
export interface ApiMetrics {
  readonly registry: Registry;
  readonly seconds: Histogram<'route' | 'status'>;
  readonly predictions: Counter<'model' | 'version'>;
  readonly missing: Counter<'feature'>;
  /** Tells figures that others keep, from now on: they are asked when the metrics are read. */
  watch(figures: WatchedFigures): void;
}

/** Figures of the feature server. */
export interface WatchedFigures {
  /** Rows that were taken and are not in the online store yet, of this process. */
  readonly pushPendingRows: () => number;
  /** Until which instant each view is in the online store, as the registry records it; microseconds. */
  readonly materializedUntil: () => ReadonlyMap<string, number>;
}

/** Starts the clock of a request; the function that it gives is called with the status when the answer is out. */
export type Observe = (route: string) => (status: number) => void;

export function createMetrics(): ApiMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    seconds: new Histogram({ name: 'ml_pipeline_request_seconds', help: 'Time from the request to the end of its answer.', labelNames: ['route', 'status'], buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1], registers: [registry] }),
    predictions: new Counter({ name: 'ml_pipeline_predictions_total', help: 'Instances predicted.', labelNames: ['model', 'version'], registers: [registry] }),
    missing: new Counter({ name: 'ml_pipeline_missing_features_total', help: 'Features that were absent, null or older than their ttl.', labelNames: ['feature'], registers: [registry] }),
    watch: (figures) => watch(registry, figures),
  };
}

function watch(registry: Registry, { pushPendingRows, materializedUntil }: WatchedFigures): void {
  new Gauge({
    name: 'ml_pipeline_push_pending_rows',
    help: 'Pushed rows that are recorded and not in the online store yet.',
    registers: [registry],
    collect() {
      this.set(pushPendingRows());
    },
  });
  new Gauge({
    name: 'ml_pipeline_feature_staleness_seconds',
    help: 'Time since the end of the last window of the view that was materialized.',
    labelNames: ['view'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [view, micros] of materializedUntil()) this.set({ view }, Date.now() / 1000 - micros / 1e6);
    },
  });
}
