import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint, Step } from '../core';
import { check, like, oneOf } from '../core/validation';
import { checkNotify, IAlerter, NotifyOptions } from './alerter';
import { oneLine } from './texts';

/** How bad it is, in PagerDuty's words. */
export enum PagerDutySeverity {
  /** Wakes somebody up. */
  CRITICAL = 'critical',
  /** An error. */
  ERROR = 'error',
  /** A warning. */
  WARNING = 'warning',
  /** For information. */
  INFO = 'info',
}

/** Properties of a `PagerDutyAlerter`. */
export interface PagerDutyAlerterProps {
  /** The integration key of a service's "Events API v2" integration. */
  readonly routingKey: ISecret;
  /**
   * The field of the secret's JSON.
   * @default - the whole secret
   */
  readonly routingKeyField?: string;
  /**
   * How bad each alert is.
   * @default PagerDutySeverity.ERROR
   */
  readonly severity?: PagerDutySeverity;
  /**
   * The events API's https:// URL; in the EU `https://events.eu.pagerduty.com`.
   * @default 'https://events.pagerduty.com'
   */
  readonly url?: string;
}

/**
 * Alerts through PagerDuty. The alerts of one step in one run are one alert there.
 * @see https://developer.pagerduty.com/docs/send-alert-event
 */
export class PagerDutyAlerter extends Construct implements IAlerter {
  private readonly pagerDuty: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: PagerDutyAlerterProps) {
    super(scope, id);
    check(props, z => ({
      routingKey: like(z, 'a secret (secretsmanager.ISecret)', 'secretArn', 'secretValueFromJson'),
      severity: oneOf(z, Object.values(PagerDutySeverity), 'critical, error, warning or info'),
    }), 'routingKey');
    this.pagerDuty = new ExternalEndpoint(props.url ?? 'https://events.pagerduty.com', Auth.body('routing_key', props.routingKey, props.routingKeyField));
    this.pagerDuty.warnIfLoopback(this);
  }

  public notify(scope: Construct, id: string, options: NotifyOptions): Step {
    checkNotify(options);
    const { subject, message, timeout } = options;
    return new Step(scope, id, {
      timeout,
      calls: [this.pagerDuty.request(this, 'sent', {
        path: '/v2/enqueue', value: '{% $states.result.ResponseBody.dedup_key %}',
        body: {
          event_action: 'trigger', dedup_key: Step.KEY,
          payload: {
            summary: oneLine(subject, 1024), severity: this.props.severity ?? PagerDutySeverity.ERROR,
            source: '{% $states.context.Execution.Id %}', custom_details: { message },
          },
        },
      })],
      result: { id: '{% $sent %}' },
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    const { routingKey, routingKeyField } = this.props;
    return {
      provider: 'pagerduty', address: this.pagerDuty.url, variables: { PAGERDUTY_EVENTS_URL: this.pagerDuty.url },
      secrets: { PAGERDUTY_ROUTING_KEY: { secret: routingKey, field: routingKeyField } },
      // To resolve an alert that is not there changes nothing, and only a valid key is taken.
      probes: this.pagerDuty.probes('PAGERDUTY_ROUTING_KEY', {
        authorized: { path: '/v2/enqueue', body: { event_action: 'resolve', dedup_key: 'doctor' }, expects: { status: 'success' } },
      }),
    };
  }
}
