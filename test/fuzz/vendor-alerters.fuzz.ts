import * as fc from 'fast-check';
import { DatadogAlerter, IAlerter, PagerDutyAlerter, SlackAlerter, WebhookAlerter } from '../../lib';
import { auth, props, secret, text, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';
import { machine } from './machine';
import { url } from './urls';

const field = fc.oneof({ weight: 3, arbitrary: fc.constant('key') }, { weight: 1, arbitrary: textOrReference });
const channel = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('#ml', 'C0123456789', 'ml', '#a b') }, { weight: 1, arbitrary: textOrReference });
const site = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('datadoghq.eu', 'us5.datadoghq.com', 'datadog', 'a/b.c') }, { weight: 1, arbitrary: textOrReference });

const ALERTERS: { [subject: string]: { given: fc.Arbitrary<any>; of: new (scope: any, id: string, given: any) => IAlerter } } = {
  SlackAlerter: { given: props({ channel, token: secret }, { tokenField: field, url }), of: SlackAlerter },
  PagerDutyAlerter: { given: props({ routingKey: secret }, { routingKeyField: field, severity: fc.constantFrom('critical', 'info', 'fatal'), url }), of: PagerDutyAlerter },
  DatadogAlerter: { given: props({ apiKey: secret }, { apiKeyField: field, site, tags: fc.array(fc.oneof(fc.constant('team:ml'), text), { maxLength: 3 }) }), of: DatadogAlerter },
  WebhookAlerter: { given: props({ url }, { auth }), of: WebhookAlerter },
};

for (const [subject, { given, of: Alerter }] of Object.entries(ALERTERS)) {
  fuzz(subject, given, (stack, values) => machine(stack, new Alerter(stack, 'Alerter', values).notify(stack, 'Tell', { subject: 'a', message: '{% $x %}' })));
}
