import { refuseProblems, type Problem } from '../../domain/errors.ts';
import type { SqlTemplates, TemplateRequest } from '../../ports/sql-templates.ts';
import type { BoundQuery } from '../../ports/warehouse.ts';
import { bigqueryDialect } from './bigquery.ts';
import { checkTemplate } from './check.ts';
import type { SqlDialect } from './dialect.ts';
import { MACROS } from './macros.ts';
import { parseTemplate } from './parse.ts';
import { postgresDialect } from './postgres.ts';
import { createSqlWriter } from './sql-writer.ts';
import { readTemplate } from './template-file.ts';
import { writeTemplate } from './write-template.ts';

const DIALECTS = { postgres: postgresDialect, bigquery: bigqueryDialect } as const satisfies Record<string, SqlDialect>;

export interface SqlTemplatesConfig {
  /** The recipes folder: paths are relative to it and never lead out of it. */
  readonly folder: string;
  readonly dialect: keyof typeof DIALECTS;
  /** Where the names of `source` and `ref` lie, in place of the dialect's own. */
  readonly schemas?: SqlDialect['schemas'];
}

/** Loader SQL from files. Every value reaches the warehouse as a query parameter, whatever the template does with it. */
export function createSqlTemplates({ folder, dialect: name, schemas }: SqlTemplatesConfig): SqlTemplates {
  const dialect: SqlDialect = { ...DIALECTS[name], ...(schemas === undefined ? {} : { schemas }) };
  return {
    source: (sourceUri) => readTemplate(folder, sourceUri),
    render: async (request) => renderTemplate(await readTemplate(folder, request.sourceUri), request, dialect),
  };
}

/** SqlTemplates.render for a text that is at hand. */
export function renderTemplate(text: string, request: TemplateRequest, dialect: SqlDialect): BoundQuery {
  const { sourceUri: path, parameters, asOfMicros } = request;
  refuseProblems('INVALID_INPUT', 'The loader cannot use these parameters.', parameterProblems(parameters));
  const root = parseTemplate(text, path);
  const title = `The loader SQL ${path} cannot be rendered.`;
  refuseProblems('INVALID_TEMPLATE', title, checkTemplate(root, path, Object.keys(parameters)));
  const writer = createSqlWriter(dialect);
  const problems: Problem[] = [];
  writeTemplate({ dialect, writer, parameters, asOfMicros, path, variables: new Map(), problems }, root);
  refuseProblems('INVALID_TEMPLATE', title, problems);
  return writer.finish();
}

function parameterProblems(parameters: TemplateRequest['parameters']): readonly Problem[] {
  return Object.entries(parameters).flatMap(([name, value]): Problem[] => {
    const path = `loader.parameters.${name}`;
    if (!/^[A-Za-z_]\w*$/.test(name)) return [{ path, message: 'A template cannot spell this name.', cure: 'Use letters, digits and "_".' }];
    if (Object.hasOwn(MACROS, name)) return [{ path, message: `${name} is the name of a macro.`, cure: 'Give the parameter another name.' }];
    if (typeof value === 'number' && !Number.isFinite(value)) return [{ path, message: `${value} is no number that a warehouse takes.` }];
    return [];
  });
}
