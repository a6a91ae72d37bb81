import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, Call, ComponentEvent, ExternalEndpoint, Jsonata, Step, WebhookSignature } from '../core';
import { check, FILLED, fixed, got, like, oneOf, text } from '../core/validation';
import { WebhookIngress } from '../webhook-ingress/webhook-ingress';
import { IModelRegistry, ModelStatus, RegisterOptions, ResolveOptions, SetStatusOptions, StatusChangedOptions } from './model-registry';

/** Properties of a `WandbModelRegistry`. */
export interface WandbModelRegistryProps {
  /** The collection of artifacts that holds the versions, `<entity>/<project>/<name>`, as W&B itself spells it; the first registration makes it, and the project. */
  readonly collection: string;
  /** Holds an API key that may write to the project; a service account's is best. */
  readonly apiKey: ISecret;
  /**
   * The field of `apiKey`.
   * @default - the whole secret
   */
  readonly apiKeyField?: string;
  /**
   * Holds what W&B signs its webhooks with, which brings the ingress that takes them.
   * @default - W&B tells of no change, and `onStatusChanged` is refused
   */
  readonly webhookSecret?: ISecret;
  /**
   * The field of `webhookSecret`.
   * @default - the whole secret
   */
  readonly webhookSecretField?: string;
  /**
   * A registry of the entity's organization, which exists: each version is linked to the collection of the same name there, for all of the organization to
   * see. At most 113 letters, digits, `_`, `-` and `.`.
   * @default - versions are in the project alone
   */
  readonly registry?: string;
  /**
   * The https:// URL of the server.
   * @default https://api.wandb.ai
   */
  readonly url?: string;
}

/** The tags that hold a decision. Of a version with both, nothing may be deployed. */
const DECISIONS: { [status: string]: string } = { [ModelStatus.REJECTED]: 'rejected', [ModelStatus.APPROVED]: 'approved' };

/** What the project of a registry is called, before the registry's name. */
const REGISTRY = 'wandb-registry-';

/** How an automation names a version. */
const BY_ID = 'wandb-artifact://_id/';

/** The name of the model in its version, and the form of the manifest that says where it is. */
const ENTRY = 'model';
const MANIFEST = { version: 1, storagePolicy: 'wandb-storage-policy-v1', storagePolicyConfig: { storageLayout: 'V2' } };

const RUN = `mutation Run($entity: String, $project: String, $name: String, $displayName: String, $jobType: String, $state: String, $summaryMetrics: JSONString) {
  answer: upsertBucket(input: {
    entityName: $entity, modelName: $project, name: $name, displayName: $displayName, jobType: $jobType, state: $state, summaryMetrics: $summaryMetrics
  }) { bucket { name } }
}`;
const CREATE = 'mutation Create($input: CreateArtifactInput!) { answer: createArtifact(input: $input) { artifact { id state } } }';
const DESCRIBE = `mutation Describe($artifactID: ID!, $name: String!, $digest: String!, $entity: String!, $project: String!, $run: String!, $type: ArtifactManifestType!) {
  answer: createArtifactManifest(input: {
    artifactID: $artifactID, name: $name, digest: $digest, entityName: $entity, projectName: $project, runName: $run, type: $type
  }) { artifactManifest { file { uploadUrl uploadHeaders } } }
}`;
const COMMIT = 'mutation Commit($artifactID: ID!) { answer: commitArtifact(input: { artifactID: $artifactID }) { artifact { id } } }';
const ORGANIZATION = 'query Organization($entity: String!) { entity(name: $entity) { organization { orgEntity { name } } } }';
const LINK = 'mutation Link($input: LinkArtifactInput!) { answer: linkArtifact(input: $input) { versionIndex } }';
const UPDATE = 'mutation Update($input: UpdateArtifactInput!) { answer: updateArtifact(input: $input) { artifact { id } } }';
const LOOK_UP = `query LookUp($entity: String!, $project: String!, $name: String!, $id: ID!, $byName: Boolean!) {
  project(name: $project, entityName: $entity) @include(if: $byName) { artifactCollectionMembership(name: $name) { artifact { ...Version } } }
  artifact(id: $id) @skip(if: $byName) { ...Version }
}
fragment Version on Artifact { id versionIndex state metadata tags { name } artifactSequence { name project { name entity { name } } } }`;

/**
 * Registers models as versions of a collection of artifacts in Weights & Biases, in its cloud or on a server of one's own: references, while the model
 * itself stays in the artifact store. The tag `approved`, or `rejected`, of a version holds the decision: who sets it has decided.
 * @see https://docs.wandb.ai/models/artifacts and, for its webhooks, https://docs.wandb.ai/models/automations/create-automations/webhook
 */
export class WandbModelRegistry extends Construct implements IModelRegistry {
  /** What W&B posts its webhooks to: make an automation there that tells of the tag, signed with the secret. Undefined without `webhookSecret`. */
  public readonly webhookUrl?: string;
  private readonly server: ExternalEndpoint;
  private readonly ingress?: WebhookIngress;
  private readonly entity: string;
  private readonly project: string;
  private readonly name: string;

  constructor(scope: Construct, id: string, private readonly props: WandbModelRegistryProps) {
    super(scope, id);
    check(props, z => ({
      collection: fixed(z, /^[\w.-]{1,128}\/(?!wandb-registry-)[\w.-]{1,128}\/[\w.-]{1,128}$/, "<entity>/<project>/<name>, each of at most 128 letters, digits, '_', '-' and '.', in a project that is no registry"),
      apiKey: like(z, 'a secret (secretsmanager.ISecret)', 'secretArn', 'secretValueFromJson'),
      registry: fixed(z, /^(?!wandb-registry-)[\w.-]{1,113}$/, "a registry's name, without 'wandb-registry-': at most 113 letters, digits, '_', '-' and '.'"),
    }), 'collection', 'apiKey');
    const { collection, url = 'https://api.wandb.ai', apiKey, apiKeyField, webhookSecret, webhookSecretField } = props;
    if (webhookSecretField !== undefined && !webhookSecret) throw new Error(`'webhookSecretField' must be left out without 'webhookSecret', ${got(webhookSecretField)}`);
    [this.entity, this.project, this.name] = collection.split('/');
    this.server = new ExternalEndpoint(url, Auth.basic('api', apiKey, apiKeyField));
    this.server.warnIfLoopback(this);
    if (webhookSecret) this.ingress = new WebhookIngress(this, 'Webhook', { secret: webhookSecret, secretField: webhookSecretField, signature: WebhookSignature.hmac('X-Wandb-Signature') });
    this.webhookUrl = this.ingress?.url;
  }

  public register(scope: Construct, id: string, options: RegisterOptions): Step {
    check(options, z => ({
      modelUri: text(z, /^(s3:\/\/|\{%)/, 'an s3:// address'), image: text(z, ...FILLED), metrics: text(z, ...FILLED), description: text(z, /^[^\0]{0,5000}$/, 'at most 5000 characters'),
    }), 'modelUri', 'image');
    const { modelUri, image, metrics = '{% {} %}', description, timeout } = options;
    const { entity, project, name } = this;
    const known = { entity, project };
    const metadata = { modelUri, image, metrics, runId: Step.RUN_ID, ...decided(ModelStatus.PENDING) };
    // The digest is the identity of a version in its collection: it holds the run's key, so that W&B finds what the run has registered.
    const digest = `{% $hash('wandb-artifact-manifest-v1\\n${ENTRY}:' & $key & '\\n', 'MD5') %}`;
    const manifest = { ...MANIFEST, contents: { [ENTRY]: { digest: Step.KEY, ref: modelUri, size: 0 } } };
    const when = "{% $created.state != 'COMMITTED' %}";
    return new Step(scope, id, {
      timeout,
      calls: [
        this.ask('run', RUN, { ...known, name: Step.KEY, displayName: Step.RUN_ID, jobType: 'register', state: 'finished', summaryMetrics: encoded(metrics) }, '$data.answer.bucket.name'),
        this.ask('created', CREATE, {
          input: {
            entityName: entity, projectName: project, runName: Step.KEY, artifactTypeName: 'model', artifactCollectionName: name, digest, digestAlgorithm: 'MANIFEST_MD5',
            enableDigestDeduplication: true, metadata: encoded(metadata), description, aliases: [{ artifactCollectionName: name, alias: 'latest' }],
          },
        }, `$data.answer.artifact.{'id': id, 'state': state, 'manifest': ${Jsonata.source(encoded(manifest))}}`),
        {
          ...this.ask('described', DESCRIBE, {
            ...known, artifactID: '{% $created.id %}', name: 'wandb_manifest.json', digest: base64Md5('$created.manifest'), run: Step.KEY, type: 'FULL',
          }, '$data.answer.artifactManifest.file'), when,
        },
        {
          ...this.server.upload(this, 'uploaded', {
            address: '{% $described.uploadUrl %}', content: '{% $created.manifest %}',
            headers: "{% $merge($append([{}], $map($described.uploadHeaders, function($header) { {$substringBefore($header, ':'): $trim($substringAfter($header, ':'))} }))) %}",
          }), when,
        },
        { ...this.ask('committed', COMMIT, { artifactID: '{% $created.id %}' }, '$data.answer.artifact.id'), when },
        ...this.link('$created.id'),
        this.lookUp('registered', `'${BY_ID}' & $created.id`),
      ],
      result: { version: '{% $registered.version %}', status: '{% $registered.status %}' },
    });
  }

  public resolve(scope: Construct, id: string, options: ResolveOptions): Step {
    check(options, z => ({ version: text(z, ...FILLED), toldAt: text(z, ...FILLED) }), 'version');
    // A tag that somebody else has set says what was decided, and not when.
    const toldAt = options.toldAt === undefined ? [] : [Jsonata.source(options.toldAt)];
    const at = '$found.metadata.changedAt';
    const changedAt = `$found.metadata.status = $found.status ? ${at} : ${toldAt.map(told => `$exists(${told}) ? ${told} : `).join('')}${at}`;
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [this.lookUp('found', Jsonata.source(options.version))],
      result: {
        version: '{% $found.version %}', modelUri: '{% $found.metadata.modelUri %}', image: '{% $found.metadata.image %}', status: '{% $found.status %}',
        changedAt: `{% $fromMillis($toMillis(${changedAt})) %}`,
      },
    });
  }

  public setStatus(scope: Construct, id: string, options: SetStatusOptions): Step {
    check(options, z => ({
      version: text(z, ...FILLED), status: oneOf(z, Object.values(ModelStatus), `a ModelStatus (${Object.values(ModelStatus).join(', ')})`),
      reason: text(z, /^[^\0]{1,5000}$/, '1 to 5000 characters'),
    }), 'version', 'status');
    const { version, status, reason = '', timeout } = options;
    const [tag = '', others] = [DECISIONS[status], Object.values(DECISIONS).filter(other => other !== DECISIONS[status])];
    const tags = (wanted: string) => `{% [$map(${wanted}, function($tag) { {'tagName': $tag} })] %}`;
    return new Step(scope, id, {
      timeout,
      calls: [
        this.lookUp('found', Jsonata.source(version)),
        // In one call: the webhook of the tag tells what the metadata says of when it was set.
        this.ask('updated', UPDATE, {
          input: {
            artifactID: '{% $found.id %}', metadata: encoded(`{% $merge([$found.metadata, ${Jsonata.source({ ...decided(status), reason })}]) %}`),
            tagsToAdd: tags(`['${tag}'][$ != '' and $not($ in $found.tags)]`), tagsToDelete: tags(`${JSON.stringify(others)}[$ in $found.tags]`),
          },
        }, '$data.answer.artifact.id'),
      ],
      result: { version: '{% $found.version %}', status },
    });
  }

  public onStatusChanged(id: string, options: StatusChangedOptions): events.Rule {
    check(options, z => ({
      status: oneOf(z, Object.keys(DECISIONS), 'ModelStatus.APPROVED or REJECTED, which W&B tells by a tag'), target: like(z, 'a target (events.IRuleTarget)', 'bind'),
    }), 'status', 'target');
    if (!this.ingress) throw new Error(`'webhookSecret' of '${this.node.path}' must name the secret that W&B signs its webhooks with, got none: without it no change can be told`);
    return new ComponentEvent(this, id, {
      eventBus: this.ingress.bus,
      pattern: { ...this.ingress.pattern, detail: { collection: [this.props.collection], status: [options.status], version: [{ prefix: BY_ID }] } },
      payload: { version: events.EventField.fromPath('$.detail.version'), status: options.status, at: events.EventField.fromPath('$.time') },
      target: options.target,
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    const { collection, apiKey, apiKeyField } = this.props;
    const query = (text: string) => ({ path: '/graphql', body: { query: text } });
    return {
      provider: 'wandb', address: `${this.server.url.replace('//api.', '//')}/${this.entity}/${this.project}/artifacts/model/${this.name}`,
      variables: { WANDB_BASE_URL: this.server.url, MLOPS_MODEL_REGISTRY: collection }, secrets: { WANDB_API_KEY: { secret: apiKey, field: apiKeyField } },
      probes: this.server.probes('WANDB_API_KEY', {
        alive: '/healthz', authorized: { ...query('query { viewer { id } }'), expects: {}, matches: '"viewer": *\\{' },
        version: { ...query('query { __type(name: "UpdateArtifactInput") { inputFields { name } } }'), matches: '"tagsToAdd"' },
      }),
    };
  }

  /** Links a version to the registry; one that is linked already stays so. */
  private link(artifact: string): Call[] {
    const { registry } = this.props;
    if (registry === undefined) return [];
    const none = `'${this.entity} belongs to no organization, which alone has registries'`;
    const input = { artifactID: `{% ${artifact} %}`, entityName: '{% $organization.name %}', projectName: `${REGISTRY}${registry}`, artifactPortfolioName: this.name, aliases: [] };
    return [
      this.ask('organization', ORGANIZATION, { entity: this.entity }, `$exists($data.entity.organization.orgEntity.name) ? $data.entity.organization.orgEntity : {'error': ${none}}`),
      this.ask('linked', LINK, { input }, '$exists($data.answer.versionIndex) ? $data.answer'),
    ];
  }

  /** A version by its name, `v<number>`, or as an automation names it. What others have logged in the collection has no metadata of ours. */
  private lookUp(name: string, version: string): Call {
    const id = `$substringAfter(${version}, '${BY_ID}')`;
    const byName = `$not($contains(${version}, '${BY_ID}'))`;
    const variables = {
      entity: this.entity, project: this.project, name: `{% '${this.name}:' & ${version} %}`, id: `{% ${byName} ? '' : ${id} %}`, byName: `{% ${byName} %}`,
    };
    const status = Object.entries(DECISIONS).map(([status, tag]) => `'${tag}' in $it.tags.name ? '${status}' : `).join('');
    const of = "$join([$it.artifactSequence.project.entity.name, $it.artifactSequence.project.name, $it.artifactSequence.name], '/')";
    const found = `{'id': $it.id, 'version': 'v' & $it.versionIndex, 'status': ${status}'${ModelStatus.PENDING}', 'metadata': $metadata, 'tags': [$it.tags.name]}`;
    return this.ask(name, LOOK_UP, variables, [
      '($it := $exists($data.artifact.id) ? $data.artifact : $data.project.artifactCollectionMembership.artifact;', "$metadata := $type($it.metadata) = 'string' ? $parse($it.metadata) : {};",
      `$it.state = 'COMMITTED' and ${of} = '${this.props.collection}' and $exists($metadata.changedAt)`,
      `? ${found} : {'error': '${this.props.collection} has no version ' & ${version} & ' that was registered'})`,
    ].join(' '));
  }

  /** A call of W&B's GraphQL API, which answers 200 to what it refuses, too. */
  private ask(name: string, query: string, variables: { [name: string]: any }, value: string): Call {
    const body = '$states.result.ResponseBody';
    return {
      ...this.server.request(this, name, {
        path: '/graphql', body: { query: query.replace(/\s+/g, ' '), variables },
        value: `{% ($data := ${body}.data; $exists(${body}.errors.message) ? {'error': $join([${body}.errors.message], '; ')} : ${value}) %}`,
      }),
      failed: `{% $exists($${name}.error) %}`, cause: `{% $${name}.error %}`,
    };
  }
}

/** JSON in a text, which is how W&B takes what has no schema. */
const encoded = (value: any) => `{% $string(${Jsonata.source(value)}) %}`;

const decided = (status: ModelStatus) => ({ status, changedAt: '{% $fromMillis($millis()) %}' });

/** The MD5 of a text as the header `Content-MD5` has it. JSONata has it in hexadecimal: three digits are two letters. */
function base64Md5(text: string): string {
  const number = "$reduce([0..2], function($sum, $digit) { 16 * $sum + $length($substringBefore('0123456789abcdef', $substring($hex, 3 * $at + $digit, 1))) }, 0)";
  const letters = `function($at) { ($number := ${number}; $substring($letters, $floor($number / 64), 1) & $substring($letters, $number % 64, 1)) }`;
  return `{% ($hex := $hash(${text}, 'MD5') & '0'; $letters := 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'; $join($map([0..10], ${letters})) & '==') %}`;
}
