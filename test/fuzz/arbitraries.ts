import { Duration, Fn, Lazy, RemovalPolicy, SecretValue, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as fc from 'fast-check';
import {
  Auth, DatabricksWorkspace, DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint,
  MlflowExperimentTracker, OpenInferenceEndpoint, S3ArtifactStore, SageMakerExperimentTracker, SageMakerImage,
  SageMakerModelRegistry, SageMakerModelTrainer, SnsAlerter, StepFunctionsOrchestrator, WebhookSignature,
} from '../../lib';
import { recipe } from './recipe';

/** Text that somebody might really pass, and text that nobody should. */
export const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'fraud', 'Churn-2', 'the model of the shop', 'ml/models', 'x.y_z') },
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('', ' ', 'two\nlines', 'tab\there', '\u0000', '\ud800', '\ufeffbom', '\u202eright to left', '🦊', 'ß'.repeat(300), 'x'.repeat(5000),
      "it's", '"', '`', '\\', '{{resolve:ssm:x}}', '${AWS::Region}', '{% $x %}', '{%', '%}', '*', '?', '[1]', '__proto__', 'constructor', 'toString', '../..', '/', '//', 'https://acme.dev', 's3://bucket/key', 'null', 'é', '中文', '-', '--', '-a', 'a-', '.', '1'),
  },
);

const reference = recipe('the reference of a text', () => Fn.importValue('elsewhere'));

/** A text, or one that is known at deploy. */
export const textOrReference = fc.oneof({ weight: 6, arbitrary: text }, { weight: 1, arbitrary: reference });

/** One of `good`, and now and then something odd: what has many properties would else never be accepted. */
export const mostly = (good: readonly unknown[], odd: fc.Arbitrary<unknown> = textOrReference) => fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: odd });

/** Whole numbers around the limits given. */
export const around = (...limits: number[]) => fc.oneof(
  fc.constantFrom(...limits.flatMap(limit => [limit, limit - 1, limit + 1])),
  fc.integer({ min: Math.min(...limits), max: Math.max(...limits) }),
);

/** Lengths of time around the limits, in seconds. */
export const duration = (...seconds: number[]) => fc.oneof(
  { weight: 8, arbitrary: around(...seconds).filter(count => count >= 0).chain(count => recipe(`Duration.seconds(${count})`, () => Duration.seconds(count))) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 1500, 0.5).chain(count => recipe(`Duration.millis(${count})`, () => Duration.millis(count))) },
  { weight: 1, arbitrary: recipe('Duration.days(36500)', () => Duration.days(36500)) },
);

export const removalPolicy = fc.constantFrom(RemovalPolicy.RETAIN, RemovalPolicy.DESTROY, RemovalPolicy.SNAPSHOT, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);

/** What a caller without types passes by mistake. */
export const wrong = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, 0, -1, 1.5, NaN, Infinity, -Infinity, 1e21, Number.MIN_VALUE, true, false, '', ' ', 'yes', '1', 'two\nlines', 'x'.repeat(70_000), 10n),
  fc.constantFrom<unknown>([], [null], [undefined], [[]], {}, { a: 1 }, Object.create(null), new Map(), new Date(0), /x/),
  text,
  recipe('a function', () => () => 1), recipe('a symbol', () => Symbol('x')), recipe('a Duration', () => Duration.millis(1)),
  recipe('a secret value', () => SecretValue.unsafePlainText('hunter2')),
  recipe('an object that holds itself', () => { const self: any = {}; self.self = self; return self; }),
  recipe('a bucket', (stack, id) => new s3.Bucket(stack, id)),
  recipe('a lazy text', () => Lazy.string({ produce: () => 'lazy' })), recipe('a lazy number', () => Lazy.number({ produce: () => 2 })), recipe('a lazy list', () => Lazy.list({ produce: () => ['lazy'] })),
  recipe('a lazy value', () => Lazy.any({ produce: () => ({ lazy: 1 }) })), recipe('a part of a text that is a reference', (_stack, id) => `${id}-${Token.asString({ Ref: 'AWS::Region' })}`),
  reference,
);

/** Properties: the required ones, a few of the optional ones, and in every second case one that is harmed. */
export function props(required: { [name: string]: fc.Arbitrary<unknown> }, optional: { [name: string]: fc.Arbitrary<unknown> } = {}): fc.Arbitrary<any> {
  const names = [...Object.keys(required), ...Object.keys(optional)];
  const few = fc.subarray(Object.keys(optional), { maxLength: Math.min(4, Object.keys(optional).length) });
  const harm = fc.option(fc.tuple(fc.constantFrom(...names), wrong), { freq: 1 });
  const some = fc.tuple(fc.record({ ...required, ...optional }), few, harm).map(([values, chosen, harmed]) => ({
    ...Object.fromEntries(Object.entries(values).filter(([name]) => name in required || chosen.includes(name))), ...harmed && { [harmed[0]]: harmed[1] },
  }));
  return fc.oneof({ weight: 40, arbitrary: some }, { weight: 1, arbitrary: fc.constantFrom<any>(undefined, null, {}) });
}

export const role = recipe('a role', (stack, id) => new iam.Role(stack, id, { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com') }));
export const importedRole = recipe('a role that exists', (stack, id) => iam.Role.fromRoleArn(stack, id, 'arn:aws:iam::123456789012:role/team/mine'));
export const anyRole = fc.oneof(role, importedRole);

export const key = fc.oneof(
  recipe('a key', (stack, id) => new kms.Key(stack, id)),
  recipe('a key that exists', (stack, id) => kms.Key.fromKeyArn(stack, id, 'arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012')),
  recipe('a key by a reference', (stack, id) => kms.Key.fromKeyArn(stack, id, Fn.importValue('key'))),
);

export const secret = fc.oneof(
  recipe('a secret', (stack, id) => new secretsmanager.Secret(stack, id, { removalPolicy: RemovalPolicy.RETAIN })),
  recipe('a secret by its name', (stack, id) => secretsmanager.Secret.fromSecretNameV2(stack, id, 'acme/vendor')),
  recipe('a secret by its ARN', (stack, id) => secretsmanager.Secret.fromSecretCompleteArn(stack, id, 'arn:aws:secretsmanager:us-east-1:123456789012:secret:vendor-AbCdEf')),
);

/** Good auth alone; `Auth` itself is fuzzed by its own. */
export const auth = fc.oneof(
  fc.constant(undefined), recipe('Auth.none()', () => Auth.none()),
  ...Object.entries<(held: secretsmanager.ISecret) => Auth>({
    bearer: held => Auth.bearer(held), basic: held => Auth.basic('ml', held, 'password'), header: held => Auth.header('x-api-key', held), body: held => Auth.body('key', held),
    oauth: held => Auth.oauth('ml', held, { address: '/oauth/token', scope: 'all' }), exchange: held => Auth.exchange(Auth.basic('ml', held), { address: 'https://login.acme.dev/token' }),
    sigv4: held => Auth.sigv4(held, { region: 'eu-west-1', service: 'execute-api' }), signed: held => Auth.signed(held, WebhookSignature.standard()), readWhenUsed: held => Auth.readWhenUsed(Auth.bearer(held)),
  }).map(([form, of]) => recipe(`Auth.${form}(...)`, (stack, id) => of(secretsmanager.Secret.fromSecretNameV2(stack, id, 'acme/vendor')))),
);

/** What a workspace of Databricks takes, and what it does not. */
export const workspaceAuth = fc.oneof(
  { weight: 3, arbitrary: recipe('a service principal', (stack, id) => DatabricksWorkspace.servicePrincipal('f0e1d2c3', secretsmanager.Secret.fromSecretNameV2(stack, id, 'acme/databricks'), 'secret')) },
  { weight: 1, arbitrary: auth },
);

export const image = fc.oneof(
  recipe('the scikit-learn image', () => SageMakerImage.scikitLearn()), recipe('an older scikit-learn image', () => SageMakerImage.scikitLearn('1.2-1')),
  recipe('an image by its URI', () => SageMakerImage.fromUri('123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/model@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef')),
);

export const vpc = fc.oneof(
  { weight: 4, arbitrary: recipe('a VPC', (stack, id) => ec2.Vpc.fromVpcAttributes(stack, id, { vpcId: 'vpc-12345678', availabilityZones: ['us-east-1a', 'us-east-1b'], privateSubnetIds: ['subnet-11111111', 'subnet-22222222'] })) },
  { weight: 1, arbitrary: recipe('a VPC without private subnets', (stack, id) => ec2.Vpc.fromVpcAttributes(stack, id, { vpcId: 'vpc-12345678', availabilityZones: ['us-east-1a'], publicSubnetIds: ['subnet-11111111'] })) },
  { weight: 1, arbitrary: recipe('a VPC with isolated subnets alone', (stack, id) => new ec2.Vpc(stack, id, { maxAzs: 1, natGateways: 0, restrictDefaultSecurityGroup: false, subnetConfiguration: [{ name: 'x', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }] })) },
);
export const subnets = fc.oneof(
  fc.constantFrom<unknown>({}, { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }, { subnetType: ec2.SubnetType.PUBLIC }, { subnets: [] }, { subnetGroupName: 'none' }, { availabilityZones: ['us-east-1z'] }),
  recipe('one subnet', (stack, id) => ({ subnets: [ec2.Subnet.fromSubnetId(stack, id, 'subnet-11111111')] })),
);
export const securityGroup = recipe('a security group', (stack, id) => ec2.SecurityGroup.fromSecurityGroupId(stack, id, 'sg-12345678'));

export const bucket = fc.oneof(
  recipe('a bucket that exists', (stack, id) => s3.Bucket.fromBucketName(stack, id, 'acme-data')),
  recipe('a bucket with a key', (stack, id) => s3.Bucket.fromBucketAttributes(stack, id, { bucketName: 'acme-data', encryptionKey: kms.Key.fromKeyArn(stack, `${id}Key`, 'arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012') })),
  recipe('a new bucket', (stack, id) => new s3.Bucket(stack, id, { versioned: true })),
);

export const store = fc.oneof(
  { weight: 3, arbitrary: recipe('a store', (stack, id) => new S3ArtifactStore(stack, id)) },
  { weight: 1, arbitrary: recipe('a store in a folder', (stack, id) => S3ArtifactStore.fromBucket(stack, id, { bucket: s3.Bucket.fromBucketName(stack, `${id}Bucket`, 'acme-data'), prefix: 'ml/' })) },
);
export const tracker = fc.oneof(
  recipe('a tracker', (stack, id) => new SageMakerExperimentTracker(stack, id, { artifactStore: new S3ArtifactStore(stack, `${id}Store`) })),
  recipe('a tracker elsewhere', (stack, id) => new MlflowExperimentTracker(stack, id, { url: 'https://mlflow.acme.dev', auth: Auth.bearer(secretsmanager.Secret.fromSecretNameV2(stack, `${id}Secret`, 'mlflow')) })),
);
export const trainer = recipe('a trainer', (stack, id) => new SageMakerModelTrainer(stack, id, { artifactStore: S3ArtifactStore.fromBucket(stack, `${id}Store`, { bucket: s3.Bucket.fromBucketName(stack, `${id}Bucket`, 'acme-data') }) }));
export const registry = fc.oneof(recipe('a registry', (stack, id) => new SageMakerModelRegistry(stack, id)), recipe('a registry that exists', (stack, id) => SageMakerModelRegistry.fromGroupName(stack, id, 'Fraud')));
export const alerter = recipe('an alerter', (stack, id) => new SnsAlerter(stack, id));
export const orchestrator = recipe('an orchestrator', (stack, id) => new StepFunctionsOrchestrator(stack, id));
export const deployable = fc.oneof(
  recipe('an endpoint', (stack, id) => new DeployableSageMakerEndpoint(stack, id, { artifactStore: S3ArtifactStore.fromBucket(stack, `${id}Store`, { bucket: s3.Bucket.fromBucketName(stack, `${id}Bucket`, 'acme-data') }) })),
  recipe('an endpoint that captures nothing', (stack, id) => new DeployableSageMakerEndpoint(stack, id, { artifactStore: new S3ArtifactStore(stack, `${id}Store`), capturePercentage: 0 })),
  recipe('an endpoint elsewhere', (stack, id) => new DeployableOpenInferenceEndpoint(stack, id, {
    url: 'https://models.acme.dev', model: 'fraud', repository: S3ArtifactStore.fromBucket(stack, `${id}Store`, { bucket: s3.Bucket.fromBucketName(stack, `${id}Bucket`, 'acme-models') }),
  })),
);
export const fixed = recipe('an endpoint that nothing is deployed to', (stack, id) => new OpenInferenceEndpoint(stack, id, { url: 'https://models.acme.dev', model: 'fraud' }));
export const alarm = recipe('an alarm', (stack, id) => cloudwatch.Alarm.fromAlarmArn(stack, id, 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:mine'));
export const machineTarget = recipe('a target', (stack, id) => new targets.SfnStateMachine(new sfn.StateMachine(stack, id, { definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(stack, `${id}Pass`)) })));
