/**
 * Checks docker-compose.local.yml without a container engine: against the Compose Specification's schema (scripts/schema), and for what a
 * schema cannot say: names that other parts use, ports on the loopback interface only, variables that .env.example has.
 *   node --import tsx scripts/check-compose.ts [FILE]
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const SCRIPTS = dirname(fileURLToPath(import.meta.url));
/** Variables that have a default and are set by the stack, not by people. */
const OTHER_VARIABLES = ['ML_PIPELINE_UID', 'ML_PIPELINE_GID'];

interface Service {
  readonly ports?: readonly (string | { readonly host_ip?: string })[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: unknown;
  readonly restart?: string;
}

/** Every problem of the compose file's text, one line each; none when it is right. `settings` is the text of .env.example. */
export function composeProblems(text: string, settings: string): string[] {
  const file: unknown = parse(text, { merge: true });
  const validate = new Ajv2020({ allErrors: true, strict: false, validateFormats: false }).compile(JSON.parse(readFileSync(join(SCRIPTS, 'schema', 'compose-spec.json'), 'utf8')) as object);
  if (!validate(file)) return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`);
  const services = (file as { services: Readonly<Record<string, Service>> }).services;
  return [...Object.entries(services).flatMap(([name, service]) => serviceProblems(name, service, services)), ...variableProblems(text, settings)];
}

function serviceProblems(name: string, service: Service, services: Readonly<Record<string, Service>>): string[] {
  const problems: string[] = [];
  for (const port of service.ports ?? []) {
    const address = typeof port === 'string' ? port.slice(0, port.indexOf(':')) : port.host_ip;
    if (address !== '127.0.0.1') problems.push(`/services/${name}/ports: ${JSON.stringify(port)} is open to the network; begin it with 127.0.0.1:`);
  }
  for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
    const target = services[other];
    if (target === undefined) problems.push(`/services/${name}/depends_on: there is no service ${other}`);
    else if (condition === 'service_healthy' && target.healthcheck === undefined) problems.push(`/services/${name}/depends_on: waits for the health of ${other}, which has no health check`);
  }
  if (service.restart === 'unless-stopped' && service.healthcheck === undefined) problems.push(`/services/${name}: runs for long and has no health check`);
  return problems;
}

function variableProblems(text: string, settings: string): string[] {
  const known = new Set([...OTHER_VARIABLES, ...[...settings.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name)]);
  const used = new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name ?? ''));
  return [...used].filter((name) => !known.has(name)).map((name) => `\${${name}} is not a setting of .env.example`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = process.argv[2] ?? join(dirname(SCRIPTS), 'docker-compose.local.yml');
  const problems = composeProblems(readFileSync(file, 'utf8'), readFileSync(join(dirname(SCRIPTS), '.env.example'), 'utf8'));
  for (const problem of problems) console.error(`${file}: ${problem}`);
  console.log(problems.length === 0 ? `${file}: valid against the Compose Specification's schema` : `${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
