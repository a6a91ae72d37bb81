import { Inference } from '../inferences';
import { Format, Outgoing } from './format';

/**
 * Tables for a whylogs container, as its package `whylogs-container-client` sends them. The container makes profiles of them, and puts all of a table
 * into the batch of one time; a batch is an hour at least, and so is a table.
 */
export const whylabs: Format = (rows, { options: { dataset, prediction } }) => {
  const hours = new Map<number, Inference[]>();
  for (const row of rows) {
    const hour = new Date(row.at).setUTCMinutes(0, 0, 0);
    hours.set(hour, [...hours.get(hour) ?? [], row]);
  }
  return [...hours].map(([hour, those]) => table(dataset, hour, those.map(row => ({ ...row.features, [prediction]: row.prediction }))));
};

function table(datasetId: string, timestamp: number, rows: { [column: string]: unknown }[]): Outgoing {
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))];
  return { path: '/log', body: { datasetId, multiple: { columns, data: rows.map(row => columns.map(column => cell(row[column]))) }, timestamp } };
}

/** A number, a text, a truth value or nothing: of a list, the container would make an embedding. */
function cell(value: unknown = null): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
