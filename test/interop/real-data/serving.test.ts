import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createApp } from '../../../api/create-app.ts';
import { holdModel } from '../../../api/model-holder.ts';
import type { PredictAnswer, PredictedInstance } from '../../../api/predict.ts';
import { serveApi } from '../../../api/serve.ts';
import { columnOf } from '../../../domain/data/columns.ts';
import type { DatasetRef } from '../../../domain/data/dataset-ref.ts';
import { canonicalize, columnValue, sameValue } from '../../../domain/features/canonical.ts';
import { selectFeatures } from '../../../domain/features/resolve.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import featureRepository from '../../../feature_repo/index.ts';
import { PRESENT, realData, type RealData, type RecipeKey } from '../../support/real-data.ts';
import { preprocessorOf } from './node-predictions.ts';
import { askPython, needsPython, noteFigures } from './python.ts';

const BATCH = 1000;
const SELECTION = selectFeatures(featureRepository, { featureService: 'flight_delay_v1' });
const SILENT = { info: () => undefined, warn: () => undefined, error: console.error };
/** Every flight that the data still hold for the future, asked about now. */
const UPCOMING = `SELECT origin, tailnum, carrier, to_timestamp($1::float8) AS event_timestamp, distance::bigint AS distance,
    extract(hour FROM local)::bigint AS hour, extract(isodow FROM local)::bigint AS weekday, extract(month FROM local)::bigint AS month, flight::bigint AS flight
  FROM raw_data.flights CROSS JOIN LATERAL (SELECT event_timestamp AT TIME ZONE 'America/New_York' AS local) AS clocks
  WHERE event_timestamp > to_timestamp($1::float8) AND tailnum IS NOT NULL`;

interface UpcomingFlight {
  readonly instance: { readonly entities: Readonly<Record<string, FeatureValue>>; readonly request: Readonly<Record<string, number>> };
  readonly features: Readonly<Record<string, FeatureValue>>;
}

/** The upcoming flights with their features joined offline, as of now. */
async function joinOffline({ ports }: RealData): Promise<DatasetRef> {
  const spine = await ports.warehouse.writeSpine({
    name: `upcoming_${randomBytes(6).toString('hex')}`,
    query: { sql: UPCOMING, values: [PRESENT / 1e6] },
    entityColumns: ['origin', 'tailnum', 'carrier'],
    timestampColumn: 'event_timestamp',
    asOfMicros: PRESENT,
    expiresAtMicros: PRESENT + 86_400e6,
  });
  const rows = await ports.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: SELECTION });
  return ports.datasetStore.write(ports.artifactStore.uri('tests/upcoming.parquet'), rows.schema, rows.batches);
}

async function readFlights({ ports }: RealData, offline: DatasetRef): Promise<readonly UpcomingFlight[]> {
  const flights: UpcomingFlight[] = [];
  for await (const batch of ports.datasetStore.read(offline)) {
    const pick = (names: readonly string[], row: number): Record<string, FeatureValue> => Object.fromEntries(names.map((name) => [name, columnValue(columnOf(batch, name), row)]));
    for (let row = 0; row < batch.rowCount; row++) {
      const request = Object.fromEntries(Object.entries(pick(['distance', 'hour', 'weekday', 'month'], row)).map(([name, value]) => [name, Number(value)]));
      flights.push({ instance: { entities: pick(['origin', 'tailnum', 'carrier'], row), request }, features: pick(SELECTION.columns.map(({ column }) => column), row) });
    }
  }
  return flights;
}

/** Asks a server that holds the model, with the clock standing at PRESENT. */
async function ask({ ports, models }: RealData, key: RecipeKey, flights: readonly UpcomingFlight[]): Promise<readonly PredictedInstance[]> {
  const holder = await holdModel(ports, models[key].result.modelUri, SILENT);
  const api = await serveApi(createApp({ models: holder, onlineStore: ports.onlineStore, clock: ports.clock, log: SILENT }), holder, { host: '127.0.0.1', port: 0, log: SILENT });
  try {
    const answers: PredictedInstance[] = [];
    for (let start = 0; start < flights.length; start += BATCH) {
      const body = JSON.stringify({ instances: flights.slice(start, start + BATCH).map(({ instance }) => instance) });
      const response = await fetch(`${api.url}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      assert.equal(response.status, 200);
      answers.push(...((await response.json()) as PredictAnswer).predictions);
    }
    return answers;
  } finally {
    await api.stop();
  }
}

describe('POST /predict for every flight that is still to come', function () {
  this.timeout(600_000);
  let data: RealData;
  let offline: DatasetRef;
  let flights: readonly UpcomingFlight[];
  before(needsPython);
  before(async () => {
    data = await realData();
    offline = await joinOffline(data);
    flights = await readFlights(data, offline);
    assert.ok(flights.length >= 2000, String(flights.length));
  });

  const pyfunc = async (key: RecipeKey): Promise<{ readonly values: readonly number[]; readonly labels: readonly number[] }> => {
    const { result, matrix } = data.models[key];
    return askPython({ command: 'predict', parquet: await data.ports.artifactStore.localPath(offline.uri), preparation: await preprocessorOf(data, key), classes: matrix.classes.length > 0, tracking_uri: `file://${data.folder}/mlruns`, model_uri: result.modelUri });
  };

  it('answers with the features that the offline join finds as of now, to the bit', async () => {
    const types = new Map(SELECTION.columns.map(({ view, feature, column }) => [column, SELECTION.views.find(({ name }) => name === view)!.features.find(({ name }) => name === feature)!.type]));
    const answers = await ask(data, 'forest', flights);
    let [present, missing] = [0, 0];
    answers.forEach((answer, row) => {
      for (const [column, type] of types) {
        const online = canonicalize(type, answer.features[column]!.value);
        assert.ok(sameValue(online, flights[row]!.features[column]!), `${column} of ${JSON.stringify(flights[row]!.instance)}: ${String(online)} online, ${String(flights[row]!.features[column])} offline`);
        if (online === null) missing++;
        else present++;
      }
    });
    noteFigures('online and offline', { rows: answers.length, present, missing });
    assert.ok(answers.length === flights.length && present > 10 * answers.length && missing > 1000, `${present} present, ${missing} missing`);
  });

  it("predicts what mlflow.pyfunc predicts on the offline join: the forest's probabilities and classes", async () => {
    const [answers, expected] = [await ask(data, 'forest', flights), await pyfunc('forest')];
    const differences = answers.map((answer, row) => Math.abs(answer.probabilities!['1']! - expected.values[row]!));
    noteFigures('API and pyfunc: forest', { rows: answers.length, 'greatest difference': Math.max(...differences) });
    assert.ok(Math.max(...differences) <= 1e-6, String(Math.max(...differences)));
    assert.deepEqual(answers.map(({ prediction }) => Number(prediction)), expected.labels);
  });

  it("predicts what mlflow.pyfunc predicts on the offline join: the boosted trees' minutes, missing values left to the trees", async () => {
    const [answers, expected] = [await ask(data, 'boosting', flights), await pyfunc('boosting')];
    const differences = answers.map(({ prediction }, row) => Math.abs(Number(prediction) - expected.values[row]!));
    noteFigures('API and pyfunc: boosting', { rows: answers.length, 'greatest difference': Math.max(...differences) });
    assert.ok(Math.max(...differences) <= 1e-4, String(Math.max(...differences)));
  });
});
