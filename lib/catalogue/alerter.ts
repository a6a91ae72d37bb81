import * as sns from 'aws-cdk-lib/aws-sns';
import { DatadogAlerter, IAlerter, PagerDutyAlerter, PagerDutySeverity, SlackAlerter, SnsAlerter, WebhookAlerter } from '../../constructs/alerter';
import { access, auth, held, key, refuse } from './fields';
import { Providers } from './provider';

export const ALERTERS: Providers<IAlerter> = {
  sns: {
    fields: z => ({ email: z.string().optional(), topic: z.string().regex(/^arn:[^:]+:sns:[^:]+:\d{12}:[\w.-]+$/, { error: 'must be the ARN of an SNS topic' }).optional() }),
    create: (scope, id, settings) => {
      const { email, topic } = settings;
      if (topic === undefined) return new SnsAlerter(scope, id, { email });
      refuse(settings, ['email'], 'with', 'topic', 'subscribe the address to the topic');
      return SnsAlerter.fromTopic(scope, id, { topic: sns.Topic.fromTopicArn(scope, `${id}Topic`, topic) });
    },
  },
  slack: {
    fields: z => ({ channel: z.string(), url: z.string().optional(), ...key(z) }),
    create: (scope, id, { channel, url, secret, field }) => new SlackAlerter(scope, id, { channel, url, token: held(scope, id, secret), tokenField: field }),
  },
  pagerduty: {
    fields: z => ({ severity: z.enum(PagerDutySeverity).optional(), url: z.string().optional(), ...key(z) }),
    create: (scope, id, { severity, url, secret, field }) => new PagerDutyAlerter(scope, id, { severity, url, routingKey: held(scope, id, secret), routingKeyField: field }),
  },
  datadog: {
    fields: z => ({ site: z.string().optional(), url: z.string().optional(), tags: z.array(z.string()).optional(), ...key(z) }),
    create: (scope, id, { secret, field, ...props }) => new DatadogAlerter(scope, id, { ...props, apiKey: held(scope, id, secret), apiKeyField: field }),
  },
  webhook: {
    fields: z => ({ url: z.string(), ...access(z) }),
    create: (scope, id, settings) => new WebhookAlerter(scope, id, { url: settings.url, auth: auth(scope, id, settings) }),
  },
};
