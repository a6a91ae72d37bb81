import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, AuthScheme, Binding, Call, ComponentEvent, ExternalEndpoint, Jsonata, RequestOptions, SecretField, Step, WebhookSignature } from '../core';
import { check, FILLED, got, like, oneOf, text, textOrJsonata } from '../core/validation';
import { WebhookIngress } from '../webhook-ingress/webhook-ingress';
import { IModelRegistry, ModelStatus, RegisterOptions, ResolveOptions, SetStatusOptions, StatusChangedOptions } from './model-registry';

/** Properties of an `MlflowModelRegistry`. */
export interface MlflowModelRegistryProps {
  /** The MLflow server's https:// URL. */
  readonly url: string;
  /** The registered model that holds the versions; the first registration makes it. At most 250 letters, digits, `_`, `-`, `.` and spaces. */
  readonly model: string;
  /**
   * How the server knows its callers: `Auth.basic`, `Auth.bearer` or `Auth.none`.
   * @default Auth.none()
   */
  readonly auth?: Auth;
  /**
   * Holds what MLflow signs its webhooks with, which brings the ingress that takes them.
   * @default - MLflow tells of no change, and `onStatusChanged` is refused
   */
  readonly webhookSecret?: ISecret;
  /**
   * The field of `webhookSecret`.
   * @default - the whole secret
   */
  readonly webhookSecretField?: string;
  /**
   * The alias that `setStatus` gives to the version it approves: 1 to 250 letters, digits, `_` and `-`.
   * @default champion
   */
  readonly alias?: string;
}

/** The tags of a version. MLflow's own fields have no room for these. */
const TAGS = { key: 'mlops.key', run: 'mlops.run_id', image: 'mlops.image', status: 'mlops.status', reason: 'mlops.reason', metric: 'mlops.metric.' };

/** MLflow's names for the headers of a signed webhook. */
const SIGNED = { signatureHeader: 'X-MLflow-Signature', idHeader: 'X-MLflow-Delivery-Id', timestampHeader: 'X-MLflow-Timestamp', encodedKey: false };

/**
 * Registers models as versions of a registered model on an MLflow server (2.9 or later) that this stack does not manage. The tag `mlops.status` of a
 * version holds the decision: who sets it to `Approved`, in MLflow's own interface or by its API, approves.
 * @see https://mlflow.org/docs/latest/api_reference/rest-api.html and, for its signed webhooks, https://mlflow.org/docs/latest/ml/webhooks/
 */
export class MlflowModelRegistry extends Construct implements IModelRegistry {
  /** What MLflow posts its webhooks to: register it there once, with the secret and the event `model_version_tag.set`. Undefined without `webhookSecret`. */
  public readonly webhookUrl?: string;
  private readonly endpoint: ExternalEndpoint;
  private readonly model: string;
  private readonly alias: string;
  private readonly variables: { [name: string]: string };
  private readonly secrets: { [name: string]: SecretField };
  private readonly ingress?: WebhookIngress;

  constructor(scope: Construct, id: string, props: MlflowModelRegistryProps) {
    super(scope, id);
    check(props, z => ({
      model: text(z, /^[\w-][\w .-]{0,249}$/, "at most 250 letters, digits, '_', '-', '.' and spaces"), auth: like(z, 'an Auth', 'scheme', 'authorization'),
      alias: text(z, /^(?!v\d+$)(?!latest$)[\w-]{1,250}$/i, "1 to 250 letters, digits, '_' and '-', and neither `latest` nor `v` and a number, which MLflow keeps for itself"),
    }), 'model');
    const { model, alias = 'champion', auth = Auth.none(), webhookSecret, webhookSecretField } = props;
    const { username, credential } = auth;
    if (![AuthScheme.BASIC, AuthScheme.BEARER, AuthScheme.NONE].includes(auth.scheme)) {
      throw new Error(`'auth' must be Auth.basic, Auth.bearer or Auth.none, got Auth.${auth.scheme}, which MLflow's client cannot send`);
    }
    if (webhookSecretField !== undefined && !webhookSecret) throw new Error(`'webhookSecretField' must be left out without 'webhookSecret', ${got(webhookSecretField)}`);
    this.endpoint = new ExternalEndpoint(props.url, auth);
    this.endpoint.warnIfLoopback(this);
    this.model = model;
    this.alias = alias;
    this.variables = {
      MLFLOW_REGISTRY_URI: this.endpoint.url, MLOPS_MODEL_REGISTRY: model,
      ...username !== undefined && { MLFLOW_TRACKING_USERNAME: username },
    };
    this.secrets = credential ? { [username === undefined ? 'MLFLOW_TRACKING_TOKEN' : 'MLFLOW_TRACKING_PASSWORD']: credential } : {};
    if (webhookSecret) this.ingress = new WebhookIngress(this, 'Webhook', { secret: webhookSecret, secretField: webhookSecretField, signature: WebhookSignature.standard(SIGNED) });
    this.webhookUrl = this.ingress?.url;
  }

  public register(scope: Construct, id: string, options: RegisterOptions): Step {
    check(options, z => ({
      modelUri: textOrJsonata(z, /^s3:\/\//, 'an s3:// address'), image: text(z, ...FILLED), metrics: text(z, ...FILLED), description: text(z, /^[^\0]{0,5000}$/, 'at most 5000 characters'),
    }), 'modelUri', 'image');
    const { modelUri, image, metrics, description, timeout } = options;
    const tags = { [TAGS.key]: Step.KEY, [TAGS.run]: Step.RUN_ID, [TAGS.image]: image, [TAGS.status]: ModelStatus.PENDING };
    // What MLflow does not take in a tag's name stands as `-`.
    const measured = metrics === undefined ? ''
      : `$each(${Jsonata.source(metrics)}, function($value, $name) { {'key': '${TAGS.metric}' & $substring($replace($name, /[^\\w .:\\/-]/, '-'), 0, 200), 'value': $string($value)} })`;
    const allTags = `{% $append(${Jsonata.source(Object.entries(tags).map(([key, value]) => ({ key, value })))}, [${measured}]) %}`;
    // MLflow takes no idempotency token. Of two executions that register at the same moment, both answer with the first version.
    const filter = Jsonata.join(`name = '${this.model}' and tags.\`${TAGS.key}\` = '`, Step.KEY, "'");
    const search = { path: '/model-versions/search', query: { filter, order_by: 'version_number ASC', max_results: '1' } };
    const found = '$states.result.ResponseBody';
    return new Step(scope, id, {
      timeout,
      calls: [
        {
          ...this.request('model', { path: '/registered-models/create', body: { name: this.model }, accept: ['States.Http.StatusCode.400'] }),
          acceptCause: 'RESOURCE_ALREADY_EXISTS',
        },
        this.request('found', { ...search, value: `{% $type(${found}) = 'object' ? {'versions': $count(${found}.model_versions)} %}` }),
        {
          ...this.request('created', { path: '/model-versions/create', body: { name: this.model, source: modelUri, description, tags: allTags } }),
          when: '{% $found.versions = 0 %}',
        },
        this.request('registered', { ...search, value: version(`(${found}.model_versions)[0]`) }),
      ],
      result: { version: '{% $registered.version %}', status: '{% $registered.status %}' },
    });
  }

  public resolve(scope: Construct, id: string, options: ResolveOptions): Step {
    check(options, z => ({ version: text(z, ...FILLED), toldAt: text(z, ...FILLED) }), 'version');
    // MLflow keeps when a version was made or described, not when a tag of it was set.
    const toldAt = options.toldAt === undefined ? [] : [Jsonata.source(options.toldAt)];
    const found = '$states.result.ResponseBody.model_version';
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [this.request('described', {
        path: '/model-versions/get', query: { name: this.model, version: options.version },
        value: {
          ...version(found), modelUri: `{% ${found}.source %}`, image: `{% ${tag(found, TAGS.image)} %}`,
          changedAt: `{% $fromMillis(${toldAt.map(at => `$exists(${at}) ? $toMillis(${at}) : `).join('')}$number(${found}.last_updated_timestamp)) %}`,
        },
      })],
      result: Object.fromEntries(['version', 'modelUri', 'image', 'status', 'changedAt'].map(name => [name, `{% $described.${name} %}`])),
    });
  }

  public setStatus(scope: Construct, id: string, options: SetStatusOptions): Step {
    check(options, z => ({
      version: text(z, ...FILLED), status: decision(z), reason: text(z, /^[^\0]{1,5000}$/, '1 to 5000 characters'),
    }), 'version', 'status');
    const { version, status, reason, timeout } = options;
    const of = { name: this.model, version };
    const set = (name: string, key: string, value: string) => this.request(name, { path: '/model-versions/set-tag', body: { ...of, key, value } });
    return new Step(scope, id, {
      timeout,
      calls: [
        ...reason === undefined ? [] : [set('explained', TAGS.reason, reason)],
        ...status === ModelStatus.APPROVED ? [this.request('named', { path: '/registered-models/alias', body: { ...of, alias: this.alias } })] : [],
        // Last, because others are told of it.
        set('decided', TAGS.status, status),
      ],
      result: { version, status },
    });
  }

  public onStatusChanged(id: string, options: StatusChangedOptions): events.Rule {
    check(options, z => ({ status: decision(z), target: like(z, 'a target (events.IRuleTarget)', 'bind') }), 'status', 'target');
    if (!this.ingress) throw new Error(`'webhookSecret' of '${this.node.path}' must name the secret that MLflow signs its webhooks with, got none: without it no change can be told`);
    return new ComponentEvent(this, id, {
      eventBus: this.ingress.bus,
      pattern: {
        ...this.ingress.pattern,
        detail: { entity: ['model_version_tag'], action: ['set'], data: { name: [this.model], key: [TAGS.status], value: [options.status] } },
      },
      payload: {
        version: events.EventField.fromPath('$.detail.data.version'), status: events.EventField.fromPath('$.detail.data.value'), at: events.EventField.fromPath('$.detail.timestamp'),
      },
      target: options.target,
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    const probes = this.endpoint.probes(Object.keys(this.secrets)[0], {
      alive: '/health', authorized: { path: '/api/2.0/mlflow/registered-models/search?max_results=1' }, version: { path: '/version', matches: '^(2\\.(9|[1-9]\\d)|3)\\.' },
    });
    return { provider: 'mlflow', address: `${this.endpoint.url}/#/models/${encodeURIComponent(this.model)}`, variables: this.variables, secrets: this.secrets, probes };
  }

  private request(name: string, options: RequestOptions): Call {
    return this.endpoint.request(this, name, { ...options, path: `/api/2.0/mlflow${options.path}` });
  }
}

const decision = (z: Parameters<Parameters<typeof check>[1]>[0]) => oneOf(z, Object.values(ModelStatus), `a ModelStatus (${Object.values(ModelStatus).join(', ')})`);

/** The value of a version's tag, in JSONata. */
const tag = (found: string, key: string) => `(${found}.tags)[key = '${key}'].value`;

/** What MLflow says of a version, in the words of the contract. One without the tag, which somebody else has registered, waits too. */
function version(found: string): { [name: string]: string } {
  const status = tag(found, TAGS.status);
  return { version: `{% $string(${found}.version) %}`, status: `{% $exists(${found}.version) ? ($exists(${status}) ? ${status} : '${ModelStatus.PENDING}') %}` };
}
