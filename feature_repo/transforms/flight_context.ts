/** One row of what is known of a flight: of its plane and of the weather (stored), of the flight itself (given by the caller). */
interface KnownOfFlight {
  /** Year in which the plane was built. */
  readonly year: bigint | null;
  readonly seats: bigint | null;
  /** Miles per hour. */
  readonly wind_speed: number | null;
  readonly wind_gust: number | null;
  /** Miles. */
  readonly distance: bigint | null;
  /** The instant from which the row looks back, seconds since 1970. */
  readonly as_of: number | null;
}

/** What follows from several of them together. What depends on something missing is missing. */
export default function flightContext({ year, seats, wind_speed: speed, wind_gust: gust, distance, as_of: asOf }: KnownOfFlight) {
  return {
    plane_age_years: year === null || asOf === null ? null : BigInt(new Date(asOf * 1000).getUTCFullYear()) - year,
    gust_excess: speed === null || gust === null ? null : gust - speed,
    seat_miles: seats === null || distance === null ? null : seats * distance,
  };
}
