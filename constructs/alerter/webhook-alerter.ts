import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint, Step } from '../core';
import { check, fixed } from '../core/validation';
import { checkNotify, IAlerter, NotifyOptions } from './alerter';

/** Properties of a `WebhookAlerter`. */
export interface WebhookAlerterProps {
  /** The https:// URL that alerts are posted to. It holds no credential: whoever reads the pipeline reads it. */
  readonly url: string;
  /**
   * How the receiver knows its callers.
   * @default Auth.none()
   */
  readonly auth?: Auth;
}

/** Alerts by a POST of JSON to any URL: `id` (the same for every repeat), `subject`, `message`, `source` (the execution). */
export class WebhookAlerter extends Construct implements IAlerter {
  private readonly receiver: ExternalEndpoint;
  private readonly path: string;

  constructor(scope: Construct, id: string, props: WebhookAlerterProps) {
    super(scope, id);
    check(props, z => ({ url: fixed(z, /^https?:\/\/[^\s?#@]+$/, 'an https:// URL without credentials, query or fragment, known at synth') }), 'url');
    const [, folder = props.url, path = '/'] = /^(\w+:\/\/.+?)(\/[^/]*)$/.exec(props.url) ?? [];
    this.receiver = new ExternalEndpoint(folder, props.auth ?? Auth.none());
    this.receiver.warnIfLoopback(this);
    this.path = path;
  }

  public notify(scope: Construct, id: string, options: NotifyOptions): Step {
    checkNotify(options);
    const { subject, message, timeout } = options;
    return new Step(scope, id, {
      timeout,
      calls: [this.receiver.request(this, 'sent', { path: this.path, body: { id: Step.KEY, subject, message, source: '{% $states.context.Execution.Id %}' } })],
      result: { id: Step.KEY },
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    const { username, credential } = this.receiver.auth;
    const url = `${this.receiver.url}${this.path}`;
    return {
      provider: 'webhook', address: url, variables: { MLOPS_ALERT_URL: url, ...username !== undefined && { MLOPS_ALERT_USERNAME: username } },
      secrets: credential ? { MLOPS_ALERT_CREDENTIAL: credential } : {}, probes: this.receiver.probes('MLOPS_ALERT_CREDENTIAL'),
    };
  }
}
