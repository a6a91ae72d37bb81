import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint, Jsonata, Step } from '../core';
import { check, text } from '../core/validation';
import { checkNotify, IAlerter, NotifyOptions } from './alerter';

/** Properties of a `SlackAlerter`. */
export interface SlackAlerterProps {
  /** The channel, by its id, or by its name with a `#`. The app must be in it. */
  readonly channel: string;
  /** The app's bot token (`xoxb-...`), with the scope `chat:write`. */
  readonly token: ISecret;
  /**
   * The field of the secret's JSON.
   * @default - the whole secret
   */
  readonly tokenField?: string;
  /**
   * Slack's https:// URL.
   * @default 'https://slack.com'
   */
  readonly url?: string;
}

/**
 * Alerts in a Slack channel. An incoming webhook is not taken: its URL is its credential, and would stand in the pipeline.
 * @see https://docs.slack.dev/reference/methods/chat.postMessage
 */
export class SlackAlerter extends Construct implements IAlerter {
  private readonly slack: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: SlackAlerterProps) {
    super(scope, id);
    check(props, z => ({ channel: text(z, /^(#[^\s#]{1,80}|[CDG][A-Z0-9]{5,20})$/, "a channel's id, or its name with a #") }), 'channel');
    this.slack = new ExternalEndpoint(props.url ?? 'https://slack.com', Auth.bearer(props.token, props.tokenField));
    this.slack.warnIfLoopback(this);
  }

  public notify(scope: Construct, id: string, options: NotifyOptions): Step {
    checkNotify(options);
    const { subject, message, timeout } = options;
    // Slack reads &, < and > as its own; the rest stands as it is, without markup.
    const escaped = `$reduce([['&', '&amp;'], ['<', '&lt;'], ['>', '&gt;']], function($all, $one) { $replace($all, $one[0], $one[1]) }, ${Jsonata.source(subject)} & '\\n' & ${Jsonata.source(message)})`;
    return new Step(scope, id, {
      timeout,
      calls: [this.slack.request(this, 'sent', {
        path: '/api/chat.postMessage', body: { channel: this.props.channel, text: `{% ${escaped} %}`, mrkdwn: false },
        // Slack refuses with status 200.
        value: '{% $states.result.ResponseBody %}', failed: '{% $not($sent.ok = true) %}',
      })],
      result: { id: '{% $sent.ts %}' },
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    const { channel, token, tokenField } = this.props;
    return {
      provider: 'slack', address: this.slack.url, variables: { SLACK_CHANNEL: channel }, secrets: { SLACK_BOT_TOKEN: { secret: token, field: tokenField } },
      probes: this.slack.probes('SLACK_BOT_TOKEN', { alive: '/api/api.test', authorized: { path: '/api/auth.test', method: 'POST', expects: { ok: true } } }),
    };
  }
}
