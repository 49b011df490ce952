import { randomBytes } from 'node:crypto';
import type { DatasetRef } from '../../../domain/data/dataset-ref.ts';
import { selectFeatures } from '../../../domain/features/resolve.ts';
import featureRepository from '../../../feature_repo/index.ts';
import { PRESENT, type RealData } from '../../support/real-data.ts';

export const SELECTION = selectFeatures(featureRepository, { featureService: 'flight_delay_v1' });
export const ENTITIES = ['origin', 'tailnum', 'carrier'] as const;
export const REQUEST_COLUMNS = ['distance', 'hour', 'weekday', 'month'] as const;

/**
 * Every flight that the data still hold for the future, as it is; and up to 16 past flights of each plane, airline and airport that ever met, of which one in so many is changed:
 * a request column missing, a distance that no float32 has, an entity that nobody has seen. All are asked about at $1, in seconds.
 */
const ASKED = `WITH placed AS (
    SELECT origin, tailnum, carrier, distance, flight, event_timestamp, event_timestamp AT TIME ZONE 'America/New_York' AS local, event_timestamp > to_timestamp($1::float8) AS upcoming,
      row_number() OVER (PARTITION BY origin, tailnum, carrier ORDER BY md5(concat(flight, ' ', extract(epoch FROM event_timestamp)))) AS place
    FROM raw_data.flights WHERE tailnum IS NOT NULL
  ), numbered AS (
    SELECT *, CASE WHEN NOT upcoming THEN row_number() OVER (ORDER BY event_timestamp, carrier, flight, origin, tailnum) END AS n FROM placed WHERE upcoming OR place <= 16
  )
  SELECT CASE WHEN n % 37 = 0 THEN 'XYZ' ELSE origin END AS origin,
    CASE WHEN n % 29 = 0 THEN concat('N', n, '?') ELSE tailnum END AS tailnum,
    CASE WHEN n % 31 = 0 THEN (ARRAY['ZZ', 'ua', 'ЖЖ', ''])[n % 4 + 1] ELSE carrier END AS carrier,
    to_timestamp($1::float8) AS event_timestamp,
    CASE WHEN n % 7 = 0 THEN NULL WHEN n % 5 = 0 THEN distance + n / 1e7::float8 ELSE distance END::float8 AS distance,
    CASE WHEN n % 11 = 0 THEN NULL ELSE extract(hour FROM local) END::bigint AS hour,
    CASE WHEN n % 13 = 0 THEN NULL ELSE extract(isodow FROM local) END::bigint AS weekday,
    CASE WHEN n % 17 = 0 THEN NULL ELSE extract(month FROM local) END::bigint AS month
  FROM numbered`;

/** Rows to ask the API about, with their features joined offline, as of now. */
export async function joinAskedRows({ ports }: RealData): Promise<DatasetRef> {
  const spine = await ports.warehouse.writeSpine({
    name: `asked_${randomBytes(6).toString('hex')}`,
    query: { sql: ASKED, values: [PRESENT / 1e6] },
    entityColumns: ENTITIES,
    timestampColumn: 'event_timestamp',
    asOfMicros: PRESENT,
    expiresAtMicros: PRESENT + 86_400e6,
  });
  const rows = await ports.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: SELECTION });
  return ports.datasetStore.write(ports.artifactStore.uri('tests/asked.parquet'), rows.schema, rows.batches);
}
