import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { bucketResources } from '../../config/bucket-resources.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SERVICES = join(ROOT, 'deploy', 'services');

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: number };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}
interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}
interface Container {
  readonly image: string;
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly containerPort: number }[];
  readonly resources: { readonly limits: { readonly cpu: string; readonly memory: string } };
  readonly env: readonly Variable[];
  readonly volumeMounts?: readonly { readonly name: string }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
}
interface Revision {
  readonly serviceAccountName: string;
  readonly containerConcurrency?: number;
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly secret: { readonly secretName: string } }[];
}
interface Definition {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly template: { readonly metadata: { readonly annotations: Readonly<Record<string, string>> }; readonly spec: Revision & { readonly template?: { readonly spec: Revision } } } };
}

const read = (name: string): Definition => parse(readFileSync(join(SERVICES, `${name}.yaml`), 'utf8')) as Definition;
const revisionOf = ({ spec }: Definition): Revision => spec.template.spec.template?.spec ?? spec.template.spec;
const containerOf = (definition: Definition): Container => revisionOf(definition).containers[0]!;
const sorted = (value: unknown): unknown => (Array.isArray(value) ? value.map(sorted) : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)])) : value);
const NAMES = readdirSync(SERVICES).map((file) => file.replace(/\.yaml$/, ''));
/** Account, role, kind of resource, resource, why. */
const GRANTS = readFileSync(join(ROOT, 'deploy', 'grants.tsv'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('\t'));

describe('The service definitions', () => {
  it('are of the kinds that Cloud Run takes', () => {
    assert.deepEqual(Object.fromEntries(NAMES.map((name) => [name, `${read(name).apiVersion} ${read(name).kind}`])), {
      api: 'serving.knative.dev/v1 Service',
      command: 'run.googleapis.com/v1 Job',
      mlflow: 'serving.knative.dev/v1 Service',
      worker: 'run.googleapis.com/v1 WorkerPool',
    });
  });

  it('give the API one processor, 2 GB and 100 requests at a time, from no instance up; MLflow two and 4 GB', () => {
    const [api, mlflow] = [read('api'), read('mlflow')];
    assert.deepEqual(containerOf(api).resources.limits, { cpu: '1', memory: '2Gi' });
    assert.deepEqual(containerOf(mlflow).resources.limits, { cpu: '2', memory: '4Gi' });
    assert.equal(revisionOf(api).containerConcurrency, 100);
    assert.equal(api.spec.template.metadata.annotations['autoscaling.knative.dev/minScale'], '0');
    assert.equal(api.spec.template.metadata.annotations['autoscaling.knative.dev/maxScale'], '${API_MAX_INSTANCES}');
  });

  it('ask for health where it is answered, and give the start a minute and more', () => {
    for (const [name, path] of [['api', '/health/live'], ['mlflow', '/health']] as const) {
      const { startupProbe, livenessProbe, ports } = containerOf(read(name));
      for (const probe of [startupProbe!, livenessProbe!]) assert.deepEqual(probe.httpGet, { path, port: ports![0]!.containerPort });
      assert.ok(startupProbe!.periodSeconds * startupProbe!.failureThreshold >= 60, name);
    }
  });

  it('run one image as API, worker and command, by its arguments alone', () => {
    for (const [name, args] of [['api', ['serve']], ['worker', ['worker']], ['command', ['--version']]] as const) {
      assert.deepEqual([containerOf(read(name)).image, containerOf(read(name)).args], ['${IMAGE}', args]);
      assert.equal(containerOf(read(name)).env.find((variable) => variable.name === 'APP_ENV')?.value, 'cloud');
    }
    assert.doesNotMatch(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'), /^[^#\n]*APP_ENV/m, 'the image is of no environment');
  });

  it('hold no secret: whatever sounds like one comes from Secret Manager, to an account that may read it', () => {
    for (const name of NAMES) {
      const { containers, volumes = [], serviceAccountName } = revisionOf(read(name));
      for (const { name: variable, value } of containers.flatMap(({ env }) => env)) if (/PASSWORD|KEY|TOKEN|SECRET|STORE_URI/.test(variable)) assert.equal(value, undefined, `${name}: ${variable}`);
      const secrets = [...containers[0]!.env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef.name ?? []), ...volumes.map(({ secret }) => secret.secretName)];
      assert.ok(secrets.length > 0);
      const account = serviceAccountName.split('@')[0]!;
      for (const secret of secrets) assert.ok(GRANTS.some(([who, role, kind, resource]) => who === account && role === 'roles/secretmanager.secretAccessor' && kind === 'secret' && resource === secret), `${account} may not read ${secret}`);
    }
  });

  it('mount the volumes that they have, and reach private addresses through the network alone', () => {
    for (const name of NAMES.filter((each) => each !== 'mlflow')) {
      const definition = read(name);
      assert.deepEqual(revisionOf(definition).containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map((mount) => mount.name)), revisionOf(definition).volumes?.map((volume) => volume.name));
      const { annotations } = definition.spec.template.metadata;
      assert.equal(annotations['run.googleapis.com/vpc-access-egress'], 'private-ranges-only');
      assert.deepEqual(JSON.parse(annotations['run.googleapis.com/network-interfaces']!), [{ network: '${NETWORK}', subnetwork: '${SUBNET}' }]);
    }
  });

  it('tell MLflow\'s server the one host that it may be called by', () => {
    const hosts = containerOf(read('mlflow')).env.find(({ name }) => name === 'MLFLOW_SERVER_ALLOWED_HOSTS')?.value;
    assert.equal(hosts?.split(',')[0], '${MLFLOW_HOST}');
  });
});

describe('The collector beside API and workers', () => {
  const settings = parse(readFileSync(join(ROOT, 'deploy', 'collector', 'config.yaml'), 'utf8')) as {
    readonly receivers: { readonly otlp: { readonly protocols: { readonly http: { readonly endpoint: string } } } };
    readonly exporters: { readonly googlemanagedprometheus: { readonly metric: { readonly add_metric_suffixes: boolean } } };
    readonly extensions: { readonly health_check: { readonly endpoint: string } };
    readonly service: { readonly extensions: readonly string[]; readonly pipelines: Readonly<Record<string, Readonly<Record<'receivers' | 'processors' | 'exporters', readonly string[]>>>> };
  };

  it('is of one pinned image, mounts its settings from where they are read, and runs nowhere else', () => {
    const images = ['api', 'worker'].map((name) => {
      const { containers, volumes } = revisionOf(read(name));
      const collector = containers[1]!;
      const [option] = collector.args!;
      assert.equal(option, `--config=${(collector.volumeMounts![0] as unknown as { readonly mountPath: string }).mountPath}/config.yaml`);
      assert.equal(volumes!.find((volume) => volume.name === collector.volumeMounts![0]!.name)?.secret.secretName, 'ml-pipeline-collector');
      assert.equal(containers.filter(({ ports }) => ports !== undefined).length, name === 'api' ? 1 : 0, 'one container takes requests');
      assert.equal(containerOf(read(name)).env.find((variable) => variable.name === 'TELEMETRY')?.value, 'otlp');
      return collector.image;
    });
    assert.match(images[0]!, /^us-docker\.pkg\.dev\/cloud-ops-agents-artifacts\/google-cloud-opentelemetry-collector\/otelcol-google:\d+\.\d+\.\d+$/);
    assert.equal(images[1], images[0]);
    for (const name of ['command', 'mlflow']) assert.equal(revisionOf(read(name)).containers.length, 1, name);
  });

  it('listens where the cloud\'s settings send, answers where Cloud Run asks, keeps the names of metrics, and uses only what it defines', () => {
    const { telemetry } = parse(readFileSync(join(ROOT, 'config', 'environments', 'cloud.yaml'), 'utf8')) as { readonly telemetry: { readonly endpoint: string } };
    assert.equal(telemetry.endpoint, `http://${settings.receivers.otlp.protocols.http.endpoint}`);
    assert.equal(revisionOf(read('api')).containers[1]!.startupProbe?.httpGet.port, Number(settings.extensions.health_check.endpoint.split(':')[1]));
    assert.equal(settings.exporters.googlemanagedprometheus.metric.add_metric_suffixes, false);
    for (const pipeline of Object.values(settings.service.pipelines)) {
      for (const [part, names] of Object.entries(pipeline)) for (const name of names) assert.ok(name in (settings as unknown as Readonly<Record<string, object>>)[part]!, `${part} ${name}`);
      assert.equal(pipeline.processors[0], 'memory_limiter');
    }
    assert.deepEqual(settings.service.extensions, Object.keys(settings.extensions));
  });
});

describe('What is deployed, and what the cloud\'s settings say', () => {
  const text = readFileSync(join(ROOT, 'config', 'environments', 'cloud.yaml'), 'utf8');

  it('agree in every variable: those without a default are given, and so are the names of what the bootstrap makes', () => {
    const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#')).join('\n');
    const needed = [...lines.matchAll(/\$\{([A-Z0-9_]+)\}/g)].map(([, name]) => name!);
    assert.ok(needed.length > 5);
    for (const service of ['api', 'worker', 'command']) {
      const given = containerOf(read(service)).env.map(({ name }) => name);
      assert.deepEqual([...needed, 'ARTIFACTS_BUCKET', 'DATA_BUCKET', 'LOGS_BUCKET', 'BIGQUERY_LOCATION'].filter((name) => !given.includes(name)), [], service);
    }
    assert.match(text, /port: \$\{PORT:-8080\}/, 'Cloud Run says the port');
  });

  it('agree in the lifecycle of each bucket', () => {
    const { artifacts } = parse(text) as { readonly artifacts: { readonly buckets: object } };
    const buckets = Object.fromEntries(Object.entries(artifacts.buckets).map(([purpose, bucket]: [string, object]) => [purpose, { versioning: false, lifecycle: [], ...bucket }]));
    for (const [purpose, { lifecycle }] of Object.entries(bucketResources({ ...artifacts, buckets, location: 'us', labels: {} } as never))) {
      const file = JSON.parse(readFileSync(join(ROOT, 'deploy', 'buckets', `${purpose}.json`), 'utf8')) as object;
      assert.deepEqual(file, lifecycle, purpose);
      assert.equal(JSON.stringify(file), JSON.stringify(sorted(file)), `${purpose}: the bootstrap compares it with answers, whose keys are sorted`);
    }
  });
});

describe('The rights of the service accounts', () => {
  it('are on single resources, but for what exists on projects alone, and never an owner\'s or editor\'s', () => {
    const ofProjects = ['roles/bigquery.jobUser', 'roles/bigquery.readSessionUser', 'roles/cloudsql.client', 'roles/logging.logWriter', 'roles/monitoring.metricWriter', 'roles/cloudtrace.agent'];
    for (const [account, role, kind] of GRANTS) {
      assert.equal(kind === 'project', ofProjects.includes(role!), `${account} ${role} ${kind}`);
      assert.doesNotMatch(role!, /owner|admin|roles\/editor|roles\/viewer/i);
    }
  });

  it('are those that docs/deploy.md says', () => {
    const page = readFileSync(join(ROOT, 'docs', 'deploy.md'), 'utf8');
    for (const [account, role, kind, resource, why] of GRANTS) {
      const where = kind === 'project' ? 'project' : `${kind} \`${resource!.replace('${ARTIFACTS_BUCKET}', 'ml-artifacts-prod').replace('${DATA_BUCKET}', 'ml-data-processed').replace('${LOGS_BUCKET}', 'ml-logs-archive').replace('${BUILD_BUCKET}', '<project>-ml-pipeline-build')}\``;
      assert.ok(page.includes(`| ${account} | ${role} | ${where} | ${why} |`), `| ${account} | ${role} | ${where} | ${why} |`);
    }
  });
});
