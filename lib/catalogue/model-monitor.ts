import { Duration } from 'aws-cdk-lib';
import { ICapturingEndpoint, IModelEndpoint } from '../../constructs/model-endpoint';
import { CloudWatchModelMonitor, EvidentlyModelMonitor, FiddlerModelMonitor, FiddlerPartnerAppModelMonitor, IModelMonitor, OtlpModelMonitor, OtlpSignal, PhoenixModelMonitor, WhyLabsModelMonitor } from '../../constructs/model-monitor';
import { access, auth, held, key, refuse, secretName } from './fields';
import { Providers } from './provider';

export const MONITORS: Providers<IModelMonitor | undefined, { endpoint: IModelEndpoint }> = {
  cloudwatch: {
    fields: z => ({ maxErrorPercentage: z.number().optional(), maxLatencyMs: z.number().min(1).optional() }),
    props: { maxLatency: 'maxLatencyMs' },
    create: (scope, id, { maxErrorPercentage, maxLatencyMs }, { endpoint }) => new CloudWatchModelMonitor(scope, id, {
      endpoint: capturing(endpoint, 'cloudwatch'), maxErrorPercentage, maxLatency: maxLatencyMs === undefined ? undefined : Duration.millis(maxLatencyMs),
    }),
  },
  otlp: {
    fields: z => ({
      url: z.string(), ...access(z), webhookSecret: secretName(z), webhookField: z.string().optional(),
      signals: z.array(z.enum(OtlpSignal)).optional(), features: z.array(z.string()).optional(),
    }),
    props: { webhookSecretField: 'webhookField' },
    create: (scope, id, settings, { endpoint }) => new OtlpModelMonitor(scope, id, {
      endpoint: capturing(endpoint, 'otlp'), url: settings.url, auth: auth(scope, id, settings), signals: settings.signals, features: settings.features,
      webhookSecret: held(scope, `${id}Webhook`, settings.webhookSecret), webhookSecretField: settings.webhookField,
    }),
  },
  evidently: {
    fields: z => ({
      url: z.string(), collectorUrl: z.string(), collector: z.string(), project: z.string(), secret: secretName(z).optional(), field: z.string().optional(),
      features: z.array(z.string()).optional(), intervalMinutes: z.number().optional(),
    }),
    props: { secretField: 'field', interval: 'intervalMinutes' },
    create: (scope, id, settings, { endpoint }) => {
      const { secret, field, intervalMinutes, ...props } = settings;
      if (secret === undefined) refuse(settings, ['field'], 'without', 'secret', 'there is nothing to take it from');
      return new EvidentlyModelMonitor(scope, id, {
        endpoint: capturing(endpoint, 'evidently'), url: props.url, collectorUrl: props.collectorUrl, collector: props.collector, project: props.project, features: props.features,
        secret: secret === undefined ? undefined : held(scope, id, secret), secretField: field, interval: intervalMinutes === undefined ? undefined : Duration.minutes(intervalMinutes),
      });
    },
  },
  phoenix: {
    fields: z => ({ url: z.string(), project: z.string(), secret: secretName(z).optional(), field: z.string().optional(), features: z.array(z.string()).optional() }),
    props: { apiKey: 'secret', apiKeyField: 'field' },
    create: (scope, id, settings, { endpoint }) => {
      const { secret, field, url, project, features } = settings;
      if (secret === undefined) refuse(settings, ['field'], 'without', 'secret', 'there is nothing to take it from');
      return new PhoenixModelMonitor(scope, id, {
        endpoint: capturing(endpoint, 'phoenix'), url, project, features, apiKey: secret === undefined ? undefined : held(scope, id, secret), apiKeyField: field,
      });
    },
  },
  fiddler: {
    fields: z => ({
      url: z.string(), model: z.string(), alertRules: z.record(z.string(), z.string()), ...key(z), features: z.array(z.string()).optional(),
      predictionColumn: z.string().optional(), timestampColumn: z.string().optional(), idColumn: z.string().optional(),
    }),
    props: { apiKey: 'secret', apiKeyField: 'field' },
    create: (scope, id, { secret, field, url, model, alertRules, features, predictionColumn, timestampColumn, idColumn }, { endpoint }) => new FiddlerModelMonitor(scope, id, {
      endpoint: capturing(endpoint, 'fiddler'), url, model, alertRules, features, predictionColumn, timestampColumn, idColumn, apiKey: held(scope, id, secret), apiKeyField: field,
    }),
  },
  'fiddler-partner-app': {
    fields: z => ({
      appArn: z.string(), url: z.string(), model: z.string(), alertRules: z.record(z.string(), z.string()), ...key(z), features: z.array(z.string()).optional(),
      predictionColumn: z.string().optional(), timestampColumn: z.string().optional(), idColumn: z.string().optional(),
    }),
    props: { apiKey: 'secret', apiKeyField: 'field' },
    create: (scope, id, { secret, field, appArn, url, model, alertRules, features, predictionColumn, timestampColumn, idColumn }, { endpoint }) =>
      new FiddlerPartnerAppModelMonitor(scope, id, {
        endpoint: capturing(endpoint, 'fiddler-partner-app'), appArn, url, model, alertRules, features, predictionColumn, timestampColumn, idColumn,
        apiKey: held(scope, id, secret), apiKeyField: field,
      }),
  },
  whylabs: {
    fields: z => ({
      url: z.string(), organization: z.string(), dataset: z.string(), ...key(z), containerUrl: z.string(), containerSecret: secretName(z), containerField: z.string().optional(),
      features: z.array(z.string()).optional(), predictionColumn: z.string().optional(), windowDays: z.number().optional(),
    }),
    props: { apiKey: 'secret', apiKeyField: 'field', containerPasswordField: 'containerField', window: 'windowDays' },
    create: (scope, id, { secret, field, containerSecret, containerField, windowDays, url, organization, dataset, containerUrl, features, predictionColumn }, { endpoint }) =>
      new WhyLabsModelMonitor(scope, id, {
        endpoint: capturing(endpoint, 'whylabs'), url, organization, dataset, containerUrl, features, predictionColumn, window: windowDays === undefined ? undefined : Duration.days(windowDays),
        apiKey: held(scope, id, secret), apiKeyField: field, containerPassword: held(scope, `${id}Container`, containerSecret), containerPasswordField: containerField,
      }),
  },
  none: { fields: () => ({}), create: () => undefined },
};

/** A monitor that reads traffic needs an endpoint that captures some. */
function capturing(endpoint: IModelEndpoint, provider: string): ICapturingEndpoint {
  if ((endpoint as ICapturingEndpoint).capturePercentage) return endpoint as ICapturingEndpoint;
  throw new Error(`'provider' must be none for an endpoint that captures no traffic, got '${provider}': or take an endpoint that captures some ('capturePercentage' of provider sagemaker)`);
}
