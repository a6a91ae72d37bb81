import { Inference } from '../inferences';
import { Format, Outgoing, Settings } from './format';

/** Of a delta: Datadog takes no other, and a function that remembers nothing can give no other. */
const DELTA = 1;

/** The signals, by the name that the construct has for them. */
const SIGNALS: { [signal: string]: (rows: Inference[], settings: Settings) => Outgoing } = { metrics, logs };

/**
 * OTLP over HTTP, in JSON.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export const otlp: Format = (rows, settings) => settings.options.signals.map((signal: string) => SIGNALS[signal](rows, settings));

/** One histogram without buckets a number: how many, their sum, the smallest and the largest. */
function metrics(rows: Inference[], settings: Settings): Outgoing {
  const features = [...new Set(rows.flatMap(({ features }) => Object.keys(features)))];
  const points = features.flatMap(name => point(rows.map(row => row.features[name]), settings, { feature: name }));
  const answers = point(rows.map(row => row.prediction), settings);
  const measured = [['mlops.feature', points], ['mlops.prediction', answers]] as const;
  return {
    path: '/v1/metrics',
    body: {
      resourceMetrics: [{
        resource: resource(settings),
        scopeMetrics: [{
          scope: SCOPE,
          metrics: [
            ...measured.filter(([, dataPoints]) => dataPoints.length).map(([name, dataPoints]) => ({ name, histogram: { aggregationTemporality: DELTA, dataPoints } })),
            { name: 'mlops.inferences', sum: { aggregationTemporality: DELTA, isMonotonic: true, dataPoints: [{ ...times(settings), asInt: `${rows.length}` }] } },
          ],
        }],
      }],
    },
  };
}

function point(values: unknown[], settings: Settings, labels: { [name: string]: string } = {}): object[] {
  const numbers = values.filter(one => typeof one === 'number');
  if (!numbers.length) return [];
  const sum = numbers.reduce((all, one) => all + one, 0);
  // Of a reduce: a file may hold more rows than a call takes arguments.
  const [min, max] = numbers.reduce(([low, high], one) => [Math.min(low, one), Math.max(high, one)], [Infinity, -Infinity]);
  return [{ ...times(settings), attributes: attributes(labels), count: `${numbers.length}`, sum, min, max, bucketCounts: [`${numbers.length}`], explicitBounds: [] }];
}

/** One record an inference. */
function logs(rows: Inference[], settings: Settings): Outgoing {
  const logRecords = rows.map(({ id, at, features, prediction }) => ({
    timeUnixNano: nanos(Date.parse(at)), observedTimeUnixNano: nanos(settings.now), severityNumber: 9, eventName: 'mlops.inference', body: { stringValue: 'inference' },
    attributes: attributes({ 'mlops.inference.id': id, ...Object.fromEntries(Object.entries(features).map(([name, one]) => [`mlops.feature.${name}`, one])), 'mlops.prediction': prediction }),
  }));
  return { path: '/v1/logs', body: { resourceLogs: [{ resource: resource(settings), scopeLogs: [{ scope: SCOPE, logRecords }] }] } };
}

const SCOPE = { name: 'cdk-mlops' };

const resource = ({ options: { service }, source }: Settings) => ({ attributes: attributes({ 'service.name': service, 'mlops.capture': source }) });

/** A delta is of the moment in which it is told: what comes late counts when it comes, and no two overlap. */
const times = ({ now }: Settings) => ({ startTimeUnixNano: nanos(now - 1), timeUnixNano: nanos(now) });

const nanos = (milliseconds: number) => `${milliseconds}000000`;

function attributes(values: { [name: string]: unknown }): object[] {
  return Object.entries(values).map(([key, one]) => ({ key, value: typeof one === 'number' ? { doubleValue: one } : { stringValue: typeof one === 'string' ? one : JSON.stringify(one) ?? '' } }));
}
