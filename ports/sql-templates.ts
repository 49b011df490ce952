import type { Micros } from '../domain/instant.ts';
import type { BoundQuery } from './warehouse.ts';

export interface TemplateRequest {
  /** Relative to the recipes folder, e.g. `sql/flights_spine.sql.j2`; a path that leads out of it is refused. */
  readonly sourceUri: string;
  /** `{{ days }}` and the like: bound as query parameters. */
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
  /** The instant from which the template looks back: `{{ as_of() }}`. */
  readonly asOfMicros: Micros;
}

/** Loader SQL: a Jinja-style text with cross-database macros (docs/loader-sql.md), the same for every warehouse. */
export interface SqlTemplates {
  /** The template's text, for the wrapped artifact. */
  source(sourceUri: string): Promise<string>;
  /** INVALID_TEMPLATE with line and column when it cannot be rendered: unknown macro, source or parameter, unused parameter. */
  render(request: TemplateRequest): Promise<BoundQuery>;
}
