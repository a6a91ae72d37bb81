import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint, Step } from '../core';
import { check, like, text } from '../core/validation';
import { checkNotify, IAlerter, NotifyOptions } from './alerter';
import { cut, oneLine } from './texts';

/** Properties of a `DatadogAlerter`. */
export interface DatadogAlerterProps {
  /** An API key. */
  readonly apiKey: ISecret;
  /**
   * The field of the secret's JSON.
   * @default - the whole secret
   */
  readonly apiKeyField?: string;
  /**
   * The site of the account, such as `datadoghq.eu`.
   * @default 'datadoghq.com'
   */
  readonly site?: string;
  /**
   * The API's https:// URL, such as a proxy's.
   * @default - the API of `site`
   */
  readonly url?: string;
  /**
   * Tags of the events, such as `team:ml`.
   * @default - none
   */
  readonly tags?: string[];
}

/**
 * Alerts as events of type `error` in Datadog, where a monitor tells people of them. The events of one step in one run are grouped.
 * @see https://docs.datadoghq.com/api/latest/events/post-an-event/
 */
export class DatadogAlerter extends Construct implements IAlerter {
  private readonly site: string;
  private readonly datadog: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: DatadogAlerterProps) {
    super(scope, id);
    check(props, z => ({
      apiKey: like(z, 'a secret (secretsmanager.ISecret)', 'secretArn', 'secretValueFromJson'),
      site: text(z, /^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "a Datadog site, such as 'datadoghq.com' or 'us5.datadoghq.com'"),
      tags: z.array(text(z, /^[^\s,]{1,200}$/, "a tag of at most 200 characters, such as 'team:ml'")),
    }), 'apiKey');
    this.site = props.site ?? 'datadoghq.com';
    this.datadog = new ExternalEndpoint(props.url ?? `https://api.${this.site}`, Auth.header('DD-API-KEY', props.apiKey, props.apiKeyField));
  }

  public notify(scope: Construct, id: string, options: NotifyOptions): Step {
    checkNotify(options);
    const { subject, message, timeout } = options;
    return new Step(scope, id, {
      timeout,
      calls: [this.datadog.request(this, 'sent', {
        path: '/api/v1/events',
        body: { title: oneLine(subject, 100), text: cut(message, 4000), alert_type: 'error', aggregation_key: Step.KEY, tags: this.props.tags },
        // An id has more digits than a number holds; where Datadog gives it as text too, that is taken.
        value: '{% ($event := $states.result.ResponseBody.event; $exists($event.id_str) ? $event.id_str : $string($event.id)) %}',
      })],
      result: { id: '{% $sent %}' },
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    const { apiKey, apiKeyField } = this.props;
    return {
      provider: 'datadog', address: this.datadog.url, variables: { DD_SITE: this.site }, secrets: { DD_API_KEY: { secret: apiKey, field: apiKeyField } },
      probes: this.datadog.probes('DD_API_KEY', { authorized: { path: '/api/v1/validate', expects: { valid: true } } }),
    };
  }
}
