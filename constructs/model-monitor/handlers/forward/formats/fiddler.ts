import { Format } from './format';

/**
 * Events of production, in the columns of the model's schema.
 * @see https://docs.fiddler.ai/api/rest-api/rest-api/events
 */
export const fiddler: Format = (rows, { options: { model, prediction, timestamp, id: identity } }) => [{
  path: '/v3/events',
  body: {
    source: {
      type: 'EVENTS',
      events: rows.map(row => ({
        ...row.features, [prediction]: row.prediction, ...timestamp !== undefined && { [timestamp]: row.at }, ...identity !== undefined && { [identity]: row.id },
      })),
    },
    model_id: model, env_type: 'PRODUCTION', env_name: null,
  },
}];
