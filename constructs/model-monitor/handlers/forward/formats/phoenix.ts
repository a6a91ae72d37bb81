import { createHash } from 'node:crypto';
import { Format } from './format';

/** What Phoenix says of spans that it has: it takes all of a request or none. */
const KNOWN = /"total_received": (\d+), "total_queued": 0, "total_duplicates": \1, "total_invalid": 0,/;

/**
 * A span for each inference, in JSON and in the names of OpenInference: of OTLP, Phoenix takes protobuf alone.
 * @see https://arize.com/docs/phoenix/sdk-api-reference/rest-api/api-reference/spans/create-spans
 */
export const phoenix: Format = (rows, { options: { project }, batch }) => [{
  path: `/v1/projects/${encodeURIComponent(project)}/spans`,
  body: {
    data: rows.map(({ id, at, features, prediction }, index) => ({
      name: 'inference', context: identified(`${batch}-${index}`), span_kind: 'CHAIN', start_time: at, end_time: at, status_code: 'OK',
      attributes: {
        'input.value': JSON.stringify(features), 'input.mime_type': 'application/json', 'output.value': JSON.stringify(prediction), 'output.mime_type': 'application/json',
        'mlops.inference.id': id, ...Object.fromEntries(Object.entries(features).map(([name, one]) => [`mlops.feature.${name}`, one])), 'mlops.prediction': prediction,
      },
    })),
  },
  known: KNOWN,
}];

/** A trace of one span. What is sent again has the ids that it had, so that Phoenix knows it. */
function identified(name: string): object {
  const digest = createHash('sha256').update(name).digest('hex');
  return { trace_id: digest.slice(0, 32), span_id: digest.slice(32, 48) };
}
