import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What Prometheus reads at `/metrics`. */
export interface ApiMetrics {
  readonly registry: Registry;
  readonly seconds: Histogram<'route' | 'status'>;
  readonly predictions: Counter<'model' | 'version'>;
  readonly missing: Counter<'feature'>;
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
  };
}
