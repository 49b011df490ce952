import type { SpanExporter } from '@opentelemetry/sdk-trace-node';

/** ExportResultCode.FAILED of @opentelemetry/core. */
const FAILED = 1;

/** An exporter that is loaded by the first spans that are ready to be sent, and not by the start of the process. */
export function exporterWhenUsed(load: () => Promise<SpanExporter>): SpanExporter {
  let loaded: Promise<SpanExporter> | undefined;
  return {
    export: (spans, done) => {
      (loaded ??= load()).then((exporter) => exporter.export(spans, done), (error: unknown) => done({ code: FAILED, ...(error instanceof Error ? { error } : {}) }));
    },
    forceFlush: async () => (await loaded)?.forceFlush?.(),
    shutdown: async () => (await loaded)?.shutdown(),
  };
}
