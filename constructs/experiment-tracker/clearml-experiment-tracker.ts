import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint, ProbeSubject } from '../core';
import { check, FILLED, like, text } from '../core/validation';
import { IExperimentTracker } from './experiment-tracker';

/** Properties of a `ClearMlExperimentTracker`. */
export interface ClearMlExperimentTrackerProps {
  /** Holds JSON with the pair of keys that ClearML gives its clients. */
  readonly credentials: ISecret;
  /**
   * The field that holds the access key.
   * @default accessKey
   */
  readonly accessKeyField?: string;
  /**
   * The field that holds the secret key.
   * @default secretKey
   */
  readonly secretKeyField?: string;
  /**
   * The https:// URL of the API server.
   * @default https://api.clear.ml
   */
  readonly url?: string;
  /**
   * The https:// URL of the web application.
   * @default https://app.clear.ml
   */
  readonly webUrl?: string;
  /**
   * The https:// URL of the file server.
   * @default https://files.clear.ml
   */
  readonly filesUrl?: string;
}

/**
 * Tracks experiments with ClearML, in its cloud or on a server of one's own. The project is the script's own to name.
 * @see https://clear.ml/docs/latest/docs/configs/env_vars
 */
export class ClearMlExperimentTracker extends Construct implements IExperimentTracker {
  private readonly addresses: { [name: string]: string };

  constructor(scope: Construct, id: string, private readonly props: ClearMlExperimentTrackerProps) {
    super(scope, id);
    check(props, z => ({
      credentials: like(z, 'a secret (ISecret)', 'secretArn'), accessKeyField: text(z, ...FILLED), secretKeyField: text(z, ...FILLED),
    }), 'credentials');
    const { url = 'https://api.clear.ml', webUrl = 'https://app.clear.ml', filesUrl = 'https://files.clear.ml' } = props;
    const [api, web, files] = [url, webUrl, filesUrl].map(address => new ExternalEndpoint(address, Auth.none()));
    api.warnIfLoopback(this);
    this.addresses = { CLEARML_API_HOST: api.url, CLEARML_WEB_HOST: web.url, CLEARML_FILES_HOST: files.url };
  }

  public bind(_client: iam.IGrantable): Binding {
    const { credentials: secret, accessKeyField = 'accessKey', secretKeyField = 'secretKey' } = this.props;
    return {
      provider: 'clearml', address: this.addresses.CLEARML_API_HOST, variables: this.addresses,
      secrets: { CLEARML_API_ACCESS_KEY: { secret, field: accessKeyField }, CLEARML_API_SECRET_KEY: { secret, field: secretKeyField } },
      probes: [
        { shows: ProbeSubject.ALIVE, url: `${this.addresses.CLEARML_API_HOST}/debug.ping` },
        { shows: ProbeSubject.AUTHORIZED, url: `${this.addresses.CLEARML_API_HOST}/auth.login`, basic: '${CLEARML_API_ACCESS_KEY}:${CLEARML_API_SECRET_KEY}', expects: {} },
      ],
    };
  }
}
