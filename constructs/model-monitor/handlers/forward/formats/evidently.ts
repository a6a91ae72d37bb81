import { Format } from './format';

/** Rows for a collector of Evidently, each with its `prediction`. */
export const evidently: Format = (rows, { options: { collector } }) => [
  { path: `/${collector}/data`, body: rows.map(({ features, prediction }) => ({ ...features, prediction })) },
];
