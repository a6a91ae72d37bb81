import { RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint } from '../core';
import { check, FILLED, fixed, like, text } from '../core/validation';
import { APP_ARN, callPartnerApp, newPartnerApp, PartnerApp } from '../sagemaker/partner-app';
import { EXPERIMENT, IExperimentTracker } from './experiment-tracker';

/** What a Comet app is used with, new or existing. */
export interface CometPartnerAppOptions {
  /** Holds a Comet API key, which the app's own settings give out once it runs. */
  readonly apiKey: ISecret;
  /**
   * The field of the secret's JSON that holds the key.
   * @default - the whole secret
   */
  readonly apiKeyField?: string;
  /**
   * The workspace that experiments are logged to.
   * @default - the default workspace of the key
   */
  readonly workspace?: string;
  /**
   * The project that experiments are logged to.
   * @default - what the script says
   */
  readonly project?: string;
}

/** Properties of a `CometPartnerAppExperimentTracker`. */
export interface CometPartnerAppExperimentTrackerProps extends CometPartnerAppOptions {
  /** The size of the app, as the subscription offers it: `small`, `medium` or `large`. */
  readonly tier: string;
  /** The users that administer Comet, by the names of their IAM sessions; one at least. */
  readonly adminUsers: string[];
  /**
   * DESTROY, which loses the experiments, needs the context `cdk-mlops:allowDestroy` too.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** A Comet app that exists. */
export interface CometPartnerAppExperimentTrackerAttributes extends CometPartnerAppOptions {
  /** `arn:aws:sagemaker:<region>:<account>:partner-app/<id>`. */
  readonly appArn: string;
  /** The app's https:// URL. */
  readonly url: string;
}

/**
 * Tracks experiments with Comet in the account itself, as a SageMaker Partner AI App to which the account has subscribed. Jobs
 * are known by their AWS identity as well as by the key: their clients need the package `sagemaker`, of version 2.
 * @see https://docs.aws.amazon.com/sagemaker/latest/dg/partner-apps.html
 */
export class CometPartnerAppExperimentTracker extends Construct implements IExperimentTracker {
  /** A Comet app that exists. */
  public static fromApp(scope: Construct, id: string, attributes: CometPartnerAppExperimentTrackerAttributes): IExperimentTracker {
    check(attributes, z => ({ appArn: text(z, ...APP_ARN) }), 'appArn');
    checkOptions(attributes);
    const app = { appArn: attributes.appArn, url: new ExternalEndpoint(attributes.url, Auth.none()).url };
    class Import extends Construct implements IExperimentTracker {
      public bind(client: iam.IGrantable): Binding {
        return binding(client, app, attributes);
      }
    }
    return new Import(scope, id);
  }

  /** The app's ARN. */
  public readonly appArn: string;
  /** The app's URL. */
  public readonly url: string;

  constructor(scope: Construct, id: string, private readonly props: CometPartnerAppExperimentTrackerProps) {
    super(scope, id);
    checkOptions(props);
    const { appArn, url } = newPartnerApp(this, 'comet', props);
    this.appArn = appArn;
    this.url = url;
  }

  public bind(client: iam.IGrantable): Binding {
    return binding(client, this, this.props);
  }
}

function checkOptions(options: CometPartnerAppOptions): void {
  check(options, z => ({
    apiKey: like(z, 'a secret (ISecret)', 'secretArn'), apiKeyField: text(z, ...FILLED), workspace: fixed(z, /^[\w.-]{1,128}$/, "a workspace's name"), project: text(z, ...EXPERIMENT),
  }), 'apiKey');
}

function binding(client: iam.IGrantable, app: PartnerApp, { apiKey, apiKeyField, workspace, project }: CometPartnerAppOptions): Binding {
  return {
    provider: 'comet-partner-app', address: app.appArn,
    variables: {
      ...callPartnerApp(client, app), COMET_URL_OVERRIDE: `${app.url}/clientlib/`,
      ...workspace !== undefined && { COMET_WORKSPACE: workspace },
      ...project !== undefined && { COMET_PROJECT_NAME: project },
    },
    secrets: { COMET_API_KEY: { secret: apiKey, field: apiKeyField } },
  };
}
