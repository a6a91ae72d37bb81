import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, Call, ComponentEvent, ExternalEndpoint, Jsonata, Step, WebhookSignature } from '../core';
import { check, FILLED, fixed, got, like, oneOf, text } from '../core/validation';
import { WebhookIngress } from '../webhook-ingress/webhook-ingress';
import { IModelRegistry, ModelStatus, RegisterOptions, ResolveOptions, SetStatusOptions, StatusChangedOptions } from './model-registry';

/** Properties of a `HuggingFaceModelRegistry`. */
export interface HuggingFaceModelRegistryProps {
  /** The model repository that holds the versions, `<namespace>/<name>`, as the Hub itself spells it. It exists already. */
  readonly repository: string;
  /** A user access token that may write to the repository. */
  readonly token: ISecret;
  /**
   * The field of `token`.
   * @default - the whole secret
   */
  readonly tokenField?: string;
  /**
   * Holds what the Hub sends with its webhooks, which brings the ingress that takes them. ASCII only.
   * @default - the Hub tells of no change, and `onStatusChanged` is refused
   */
  readonly webhookSecret?: ISecret;
  /**
   * The field of `webhookSecret`.
   * @default - the whole secret
   */
  readonly webhookSecretField?: string;
  /**
   * The https:// URL of the Hub.
   * @default https://huggingface.co
   */
  readonly url?: string;
}

/** The decisions that a tag holds: `<word>.<version>`. No version has a dot. The Hub tells the name of a tag and nothing else, so that each decision has its own. */
const DECISIONS: { [status: string]: string } = { [ModelStatus.REJECTED]: 'rejected', [ModelStatus.APPROVED]: 'approved' };

const FILE = 'mlops.json';
const MISSING = ['States.Http.StatusCode.404'];

/** After the lookups: what the file says, and what was decided, in JSONata. */
const FOUND = '($exists($rejected.version) ? $rejected : $exists($approved.version) ? $approved : $waiting)';
const STATUS = `($exists($rejected.version) ? '${ModelStatus.REJECTED}' : $exists($approved.version) ? '${ModelStatus.APPROVED}' : '${ModelStatus.PENDING}')`;

/**
 * Registers models as revisions of a model repository on the Hugging Face Hub: a commit of the file `mlops.json`, with a tag that is the version's
 * name. The tag `approved.<version>`, or `rejected.<version>`, holds the decision: who makes it, on the version's revision, has decided.
 * @see https://huggingface.co/.well-known/openapi.json and, for its webhooks, https://huggingface.co/docs/hub/webhooks
 */
export class HuggingFaceModelRegistry extends Construct implements IModelRegistry {
  /** What the Hub posts its webhooks to: make one there, with the secret and the events of the repository's content. Undefined without `webhookSecret`. */
  public readonly webhookUrl?: string;
  private readonly hub: ExternalEndpoint;
  private readonly ingress?: WebhookIngress;

  constructor(scope: Construct, id: string, private readonly props: HuggingFaceModelRegistryProps) {
    super(scope, id);
    check(props, z => ({
      repository: fixed(z, /^(?!.*(--|\.\.))[\w-][\w.-]{0,94}[\w-]?\/[\w-]([\w.-]{0,94}[\w-])?$/, "<namespace>/<name>, each of at most 96 letters, digits, '_', '-' and '.'"),
      token: like(z, 'a secret (secretsmanager.ISecret)', 'secretArn', 'secretValueFromJson'),
    }), 'repository', 'token');
    const { url = 'https://huggingface.co', token, tokenField, webhookSecret, webhookSecretField } = props;
    if (webhookSecretField !== undefined && !webhookSecret) throw new Error(`'webhookSecretField' must be left out without 'webhookSecret', ${got(webhookSecretField)}`);
    this.hub = new ExternalEndpoint(url, Auth.bearer(token, tokenField));
    this.hub.warnIfLoopback(this);
    if (webhookSecret) this.ingress = new WebhookIngress(this, 'Webhook', { secret: webhookSecret, secretField: webhookSecretField, signature: WebhookSignature.token('X-Webhook-Secret') });
    this.webhookUrl = this.ingress?.url;
  }

  public register(scope: Construct, id: string, options: RegisterOptions): Step {
    check(options, z => ({
      modelUri: text(z, /^(s3:\/\/|\{%)/, 'an s3:// address'), image: text(z, ...FILLED), metrics: text(z, ...FILLED), description: text(z, /^[^\0]{0,5000}$/, 'at most 5000 characters'),
    }), 'modelUri', 'image');
    const { modelUri, image, metrics, description, timeout } = options;
    const version = Jsonata.source(Step.KEY);
    // The Hub takes the bytes of a file in base64, which JSONata makes of ASCII alone.
    const measured = metrics === undefined ? {} : `{% $merge($append([{}], $each(${Jsonata.source(metrics)}, function($value, $name) { {$replace($name, /[^ -~]/, '-'): $value} }))) %}`;
    const record = { version: Step.KEY, modelUri: `{% $encodeUrl(${Jsonata.source(modelUri)}) %}`, image, metrics: measured, runId: Step.RUN_ID, ...decided(ModelStatus.PENDING) };
    const when = '{% $exists($waiting.Error) %}';
    return new Step(scope, id, {
      timeout,
      calls: [
        ...this.lookUp(version, MISSING),
        { ...this.commit(`'Register ' & ${version}`, Jsonata.source(record), description), when },
        // Of two executions that register at the same moment, the first one's commit is the version, for both.
        { ...this.tag(version), when },
      ],
      result: { version: Step.KEY, status: `{% ${STATUS} %}` },
    });
  }

  public resolve(scope: Construct, id: string, options: ResolveOptions): Step {
    check(options, z => ({ version: text(z, ...FILLED), toldAt: text(z, ...FILLED) }), 'version');
    const { version, timeout } = options;
    // A tag that somebody else has made says what was decided, and not when.
    const toldAt = options.toldAt === undefined ? [] : [Jsonata.source(options.toldAt)];
    const changedAt = `$found.status = ${STATUS} ? $found.changedAt : ${toldAt.map(at => `$exists(${at}) ? ${at} : `).join('')}$found.changedAt`;
    return new Step(scope, id, {
      timeout,
      variables: named(version),
      calls: this.lookUp('$version'),
      result: Jsonata.within({ found: `{% ${FOUND} %}` }, {
        version: '{% $version %}', modelUri: '{% $decodeUrl($found.modelUri) %}', image: '{% $found.image %}', status: `{% ${STATUS} %}`, changedAt: `{% $fromMillis($toMillis(${changedAt})) %}`,
      }),
    });
  }

  public setStatus(scope: Construct, id: string, options: SetStatusOptions): Step {
    check(options, z => ({
      version: text(z, ...FILLED), status: oneOf(z, Object.values(ModelStatus), `a ModelStatus (${Object.values(ModelStatus).join(', ')})`),
      reason: text(z, /^[^\0]{1,5000}$/, '1 to 5000 characters'),
    }), 'version', 'status');
    const { version, status, reason, timeout } = options;
    const decision = DECISIONS[status];
    return new Step(scope, id, {
      timeout,
      variables: named(version),
      calls: [
        ...this.lookUp('$version'),
        // In a commit of its own the Hub keeps who has decided, when and why; and what it tells differs from what it told of an earlier decision.
        this.commit(`'Set ' & $version & ' to ${status}'`, `$merge([${FOUND}, ${Jsonata.source(decided(status))}])`, reason),
        this.untag('unrejected', ModelStatus.REJECTED),
        this.untag('unapproved', ModelStatus.APPROVED),
        // Last, because others are told of it.
        ...decision === undefined ? [] : [this.tag(`'${decision}.' & $version`)],
      ],
      result: { version: '{% $version %}', status },
    });
  }

  public onStatusChanged(id: string, options: StatusChangedOptions): events.Rule {
    check(options, z => ({
      status: oneOf(z, Object.keys(DECISIONS), 'ModelStatus.APPROVED or REJECTED, which the Hub tells by a tag'), target: like(z, 'a target (events.IRuleTarget)', 'bind'),
    }), 'status', 'target');
    if (!this.ingress) throw new Error(`'webhookSecret' of '${this.node.path}' must name the secret that the Hub sends with its webhooks, got none: without it no change can be told`);
    return new ComponentEvent(this, id, {
      eventBus: this.ingress.bus,
      pattern: {
        ...this.ingress.pattern,
        detail: {
          event: { scope: ['repo.content'], action: ['update'] }, repo: { type: ['model'], name: [this.props.repository] },
          updatedRefs: { ref: [{ prefix: `refs/tags/${DECISIONS[options.status]}.` }], oldSha: [null] },
        },
      },
      payload: { version: events.EventField.fromPath('$.detail.updatedRefs[0].ref'), status: options.status, at: events.EventField.fromPath('$.time') },
      target: options.target,
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    const { repository, token, tokenField } = this.props;
    return {
      provider: 'hugging-face', address: `${this.hub.url}/${repository}`, variables: { HF_ENDPOINT: this.hub.url, MLOPS_MODEL_REGISTRY: repository },
      secrets: { HF_TOKEN: { secret: token, field: tokenField } }, probes: this.hub.probes('HF_TOKEN', { authorized: { path: '/api/whoami-v2', expects: {} } }),
    };
  }

  /** Reads the file where the decision about the version stands, and else where the version was registered. */
  private lookUp(version: string, accept?: string[]): Call[] {
    return [
      this.read('rejected', version, `'${DECISIONS[ModelStatus.REJECTED]}.' & ${version}`, MISSING),
      { ...this.read('approved', version, `'${DECISIONS[ModelStatus.APPROVED]}.' & ${version}`, MISSING), when: '{% $exists($rejected.Error) %}' },
      { ...this.read('waiting', version, version, accept), when: '{% $exists($approved.Error) %}' },
    ];
  }

  /** A tag that stands on another version is a failure. */
  private read(name: string, version: string, revision: string, accept?: string[]): Call {
    const body = '$states.result.ResponseBody';
    return this.hub.request(this, name, {
      path: `{% '/${this.props.repository}/raw/' & $encodeUrlComponent(${revision}) & '/${FILE}' %}`, accept,
      value: `{% ($found := $type(${body}) = 'string' ? $parse(${body}) : ${body}; $found.version = ${version} ? $found) %}`,
    });
  }

  private commit(summary: string, record: string, description?: string): Call {
    const files = [{ path: FILE, encoding: 'base64', content: `{% $base64encode($string(${record}, true)) %}` }];
    return { ...this.change('commit', 'POST', 'commit', "'main'", { body: { summary: `{% ${summary} %}`, description, files } }), value: '{% $states.result.ResponseBody.commitOid %}' };
  }

  /** Names the commit that was made. */
  private tag(name: string): Call {
    return this.change('tag', 'POST', 'tag', '$commit', { body: { tag: `{% ${name} %}` }, accept: ['States.Http.StatusCode.409'] });
  }

  private untag(name: string, status: ModelStatus): Call {
    return this.change(name, 'DELETE', 'tag', `'${DECISIONS[status]}.' & $version`, { accept: MISSING });
  }

  private change(name: string, method: string, what: string, revision: string, options: { body?: any; accept?: string[] }): Call {
    return this.hub.request(this, name, { path: `{% '/api/models/${this.props.repository}/${what}/' & $encodeUrlComponent(${revision}) %}`, method, ...options });
  }
}

/** An event names a version by the tag that holds the decision. */
const named = (version: string) => ({ version: `{% $replace(${Jsonata.source(version)}, /^refs.tags.(rejected|approved)[.]/, '') %}` });

const decided = (status: ModelStatus) => ({ status, changedAt: '{% $fromMillis($millis()) %}' });
