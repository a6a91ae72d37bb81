import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Binding, ExternalEndpoint } from '../core';
import { check, fixed } from '../core/validation';
import { APP_ARN, callPartnerApp, partnerAppAuth } from '../sagemaker/partner-app';
import { checkFiddler, Fiddler } from './fiddler';
import { FiddlerOptions } from './fiddler-model-monitor';
import { IDriftMonitor } from './model-monitor';

/** Properties of a `FiddlerPartnerAppModelMonitor`. */
export interface FiddlerPartnerAppModelMonitorProps extends FiddlerOptions {
  /** The app, which runs already: its model and alert rules are made before. `arn:aws:sagemaker:<region>:<account>:partner-app/<id>`. */
  readonly appArn: string;
  /** The app's https:// URL. */
  readonly url: string;
}

/**
 * As `FiddlerModelMonitor`, with a Fiddler that runs in the account itself, as a SageMaker Partner AI App: its functions and the clients of a binding are known
 * to the app by their AWS identity, and to Fiddler by the key.
 * @see https://docs.aws.amazon.com/sagemaker/latest/dg/partner-apps.html
 */
export class FiddlerPartnerAppModelMonitor extends Construct implements IDriftMonitor {
  private readonly fiddler: Fiddler;

  constructor(scope: Construct, id: string, private readonly props: FiddlerPartnerAppModelMonitorProps) {
    super(scope, id);
    check(props, z => ({ appArn: fixed(z, ...APP_ARN) }), 'appArn');
    checkFiddler(props);
    const { appArn, url, apiKey, apiKeyField } = props;
    this.fiddler = new Fiddler(this, new ExternalEndpoint(url, partnerAppAuth(appArn, apiKey, apiKeyField)), props);
  }

  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return this.fiddler.onUnhealthy(id, target);
  }

  public onDrift(id: string, target: events.IRuleTarget): events.Rule {
    return this.fiddler.onDrift(id, target);
  }

  /** Fiddler's client takes the app from the variables and signs with the package `sagemaker`, of version 2; `fdl.init` takes the key. */
  public bind(client: iam.IGrantable): Binding {
    const { appArn } = this.props;
    const { variables, ...reached } = this.fiddler.reached();
    return { provider: 'fiddler-partner-app', address: appArn, variables: { ...callPartnerApp(client, { appArn, url: this.fiddler.url }), ...variables }, ...reached };
  }
}
