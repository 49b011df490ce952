import type { SqlTemplates } from '../../ports/sql-templates.ts';
import type { SqlDialect } from './dialect.ts';
import { readTemplate } from './template-file.ts';

const DIALECTS = {
  postgres: async () => (await import('./postgres.ts')).postgresDialect,
  bigquery: async () => (await import('./bigquery.ts')).bigqueryDialect,
} as const satisfies Record<string, () => Promise<SqlDialect>>;

export interface SqlTemplatesConfig {
  /** The recipes folder: paths are relative to it and never lead out of it. */
  readonly folder: string;
  readonly dialect: keyof typeof DIALECTS;
  /** Where the names of `source` and `ref` lie, in place of the dialect's own. */
  readonly schemas?: SqlDialect['schemas'];
}

/** Loader SQL from files. Every value reaches the warehouse as a query parameter, whatever the template does with it. What renders is loaded by the first template: a server of predictions has none. */
export function createSqlTemplates({ folder, dialect: name, schemas }: SqlTemplatesConfig): SqlTemplates {
  return {
    source: (sourceUri) => readTemplate(folder, sourceUri),
    async render(request) {
      const [text, dialect, { renderTemplate }] = await Promise.all([readTemplate(folder, request.sourceUri), DIALECTS[name](), import('./render-template.ts')]);
      return renderTemplate(text, request, { ...dialect, ...(schemas === undefined ? {} : { schemas }) });
    },
  };
}
