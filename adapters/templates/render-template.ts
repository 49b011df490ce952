import { refuseProblems, type Problem } from '../../domain/errors.ts';
import type { TemplateRequest } from '../../ports/sql-templates.ts';
import type { BoundQuery } from '../../ports/warehouse.ts';
import { checkTemplate } from './check.ts';
import type { SqlDialect } from './dialect.ts';
import { MACROS } from './macros.ts';
import { parseTemplate } from './parse.ts';
import { createSqlWriter } from './sql-writer.ts';
import { writeTemplate } from './write-template.ts';

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
