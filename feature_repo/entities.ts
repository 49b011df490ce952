import { defineEntity } from '../domain/features/define.ts';

export const origin = defineEntity({
  name: 'origin',
  joinKey: 'origin',
  valueType: 'String',
  description: 'Airport of departure, by its three-letter code: EWR, JFK or LGA.',
});

export const tailnum = defineEntity({
  name: 'tailnum',
  joinKey: 'tailnum',
  valueType: 'String',
  description: 'A plane, by the registration on its tail, such as N14228.',
});

export const carrier = defineEntity({
  name: 'carrier',
  joinKey: 'carrier',
  valueType: 'String',
  description: 'An airline, by its two-character code, such as UA.',
});
