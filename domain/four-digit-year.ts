import { MICROS_PER_SECOND, type Micros } from './instant.ts';

/** The first instants of the years 1 and 10000. */
const [YEAR_1, YEAR_10000] = [-62_135_596_800 * MICROS_PER_SECOND, 253_402_300_800 * MICROS_PER_SECOND];

/** Whether an instant lies within the years 1 to 9999, which ISO 8601 text writes with four digits (`formatInstant`) and PostgreSQL reads so. */
export function hasFourDigitYear(micros: Micros): boolean {
  return micros >= YEAR_1 && micros < YEAR_10000;
}
