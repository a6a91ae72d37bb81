import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type * as Zod from 'zod';
import { DatadogAlerter, IAlerter, PagerDutyAlerter, PagerDutySeverity, SlackAlerter, SnsAlerter, WebhookAlerter } from '../constructs/alerter';
import { IArtifactStore, S3ArtifactStore } from '../constructs/artifact-store';
import { Auth } from '../constructs/core';
import { got } from '../constructs/core/validation';
import {
  ClearMlExperimentTracker, CometExperimentTracker, DatabricksExperimentTracker, IExperimentTracker, MlflowExperimentTracker, NeptuneExperimentTracker, SageMakerExperimentTracker,
  WandbExperimentTracker,
} from '../constructs/experiment-tracker';
import { DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint, ICapturingEndpoint, IModelEndpoint, OpenInferenceEndpoint } from '../constructs/model-endpoint';
import { CloudWatchModelMonitor, IModelMonitor } from '../constructs/model-monitor';
import { IModelRegistry, SageMakerModelRegistry } from '../constructs/model-registry';
import { IModelTrainer, SageMakerModelTrainer } from '../constructs/model-trainer';
import { IPipelineOrchestrator, StepFunctionsOrchestrator } from '../constructs/orchestrator';
import { SageMakerImage } from '../constructs/sagemaker';

type Z = typeof Zod;
type Shape = { [field: string]: Zod.ZodType };
/** The settings of one component, as the schema of its provider has checked them. */
type Settings = { [field: string]: any };

/** One provider of one component. */
export interface Provider<Component, Context = undefined> {
  /** Its fields in the stack file, besides `provider`; docs/stack-file.md lists them. */
  fields(z: Z): Shape;
  /** The fields that the construct knows by another name: prop to field, for its messages. */
  readonly props?: { [prop: string]: string };
  create(scope: Construct, id: string, settings: Settings, context: Context): Component;
}

/** The providers of one component, by their name in the stack file; the first is the default. */
export interface Providers<Component, Context = undefined> {
  readonly [name: string]: Provider<Component, Context>;
}

const SECRET = /^(arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}|[\w/+=.@-]{1,512})$/;

const secretName = (z: Z) => z.string().regex(SECRET, { error: 'must be the name, or the whole ARN, of a secret in AWS Secrets Manager' });
const credential = (z: Z) => ({ username: z.string().optional(), secret: secretName(z).optional(), field: z.string().optional() });
const key = (z: Z) => ({ secret: secretName(z), field: z.string().optional() });

/** A secret that exists, by its name or its whole ARN. */
function held(scope: Construct, id: string, secret: string): secretsmanager.ISecret {
  return secret.startsWith('arn:')
    ? secretsmanager.Secret.fromSecretCompleteArn(scope, `${id}Secret`, secret) : secretsmanager.Secret.fromSecretNameV2(scope, `${id}Secret`, secret);
}

/** Who is called how: Basic with a user name, Bearer without, nothing without a secret. */
function auth(scope: Construct, id: string, { username, secret, field }: Settings): Auth {
  if (secret === undefined) {
    if (username !== undefined || field !== undefined) throw new Error("'secret' must name the secret that goes with 'username' or 'field', got none");
    return Auth.none();
  }
  const password = held(scope, id, secret);
  return username === undefined ? Auth.bearer(password, field) : Auth.basic(username, password, field);
}

/** Settings that take no effect next to `field`, or without it, are refused: whoever wrote them expects one. */
function refuse(settings: Settings, fields: string[], relation: 'with' | 'without', field: string, why: string) {
  const idle = fields.find(name => settings[name] !== undefined);
  if (idle !== undefined) throw new Error(`'${idle}' must be left out ${relation} '${field}', ${got(settings[idle])}: ${why}`);
}

const EXISTS = 'what exists already is taken as it is';

const removal = (z: Z) => z.enum(['retain', 'destroy']).optional();
const policy = (value?: string) => value === 'destroy' ? RemovalPolicy.DESTROY : undefined;

export const STORES: Providers<IArtifactStore> = {
  s3: {
    fields: z => ({
      bucket: z.string().regex(/^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'must be the name of a bucket' }).optional(), prefix: z.string().optional(), removal: removal(z),
    }),
    props: { removalPolicy: 'removal' },
    create: (scope, id, settings) => {
      const { bucket, prefix, removal } = settings;
      if (bucket === undefined) {
        refuse(settings, ['prefix'], 'without', 'bucket', 'a new bucket is used as a whole');
        return new S3ArtifactStore(scope, id, { removalPolicy: policy(removal) });
      }
      refuse(settings, ['removal'], 'with', 'bucket', EXISTS);
      return S3ArtifactStore.fromBucket(scope, id, { bucket: s3.Bucket.fromBucketName(scope, `${id}Bucket`, bucket), prefix });
    },
  },
};

export const TRACKERS: Providers<IExperimentTracker | undefined, { store: IArtifactStore }> = {
  sagemaker: {
    fields: z => ({ app: z.string().optional(), experiment: z.string().optional(), removal: removal(z) }),
    props: { appArn: 'app', removalPolicy: 'removal' },
    create: (scope, id, settings, { store }) => {
      const { app, experiment, removal } = settings;
      if (app === undefined) return new SageMakerExperimentTracker(scope, id, { artifactStore: store, experiment, removalPolicy: policy(removal) });
      refuse(settings, ['removal'], 'with', 'app', EXISTS);
      return SageMakerExperimentTracker.fromApp(scope, id, { appArn: app, artifactStore: store, experiment });
    },
  },
  mlflow: {
    fields: z => ({ url: z.string(), experiment: z.string().optional(), ...credential(z) }),
    create: (scope, id, settings) => new MlflowExperimentTracker(scope, id, { url: settings.url, experiment: settings.experiment, auth: auth(scope, id, settings) }),
  },
  databricks: {
    fields: z => ({ url: z.string(), ...key(z), clientId: z.string().optional(), experiment: z.string().optional() }),
    create: (scope, id, { secret, field, ...props }) => new DatabricksExperimentTracker(scope, id, { url: props.url, ...props, token: held(scope, id, secret), tokenField: field }),
  },
  wandb: {
    fields: z => ({ ...key(z), entity: z.string().optional(), project: z.string().optional(), url: z.string().optional() }),
    create: (scope, id, { secret, field, ...props }) => new WandbExperimentTracker(scope, id, { ...props, apiKey: held(scope, id, secret), apiKeyField: field }),
  },
  comet: {
    fields: z => ({ ...key(z), workspace: z.string().optional(), project: z.string().optional(), url: z.string().optional() }),
    create: (scope, id, { secret, field, ...props }) => new CometExperimentTracker(scope, id, { ...props, apiKey: held(scope, id, secret), apiKeyField: field }),
  },
  clearml: {
    fields: z => ({
      secret: secretName(z), accessKeyField: z.string().optional(), secretKeyField: z.string().optional(),
      url: z.string().optional(), webUrl: z.string().optional(), filesUrl: z.string().optional(),
    }),
    create: (scope, id, { secret, ...props }) => new ClearMlExperimentTracker(scope, id, { ...props, credentials: held(scope, id, secret) }),
  },
  neptune: {
    fields: z => ({ project: z.string(), ...key(z) }),
    create: (scope, id, { project, secret, field }) => new NeptuneExperimentTracker(scope, id, { project, apiToken: held(scope, id, secret), apiTokenField: field }),
  },
  none: { fields: () => ({}), create: () => undefined },
};

export const TRAINERS: Providers<IModelTrainer, { store: IArtifactStore }> = {
  sagemaker: {
    fields: z => ({
      source: z.string().default('training'), entry: z.string().default('train.py'),
      image: z.string().regex(IMAGE, { error: 'must be scikit-learn, scikit-learn:<version> or the URI of an image in ECR' }).default('scikit-learn'),
      hyperparameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number, true or false' }).transform(String)).optional(),
      instanceType: z.string().optional(), instanceCount: z.number().optional(), volumeSize: z.number().optional(), spot: z.boolean().optional(), networkIsolation: z.boolean().optional(),
      timeoutMinutes: z.number().min(1).max(28 * 24 * 60).optional(),
    }),
    props: { uri: 'image', version: 'image' },
    create: (scope, id, { image, instanceType, instanceCount, volumeSize, spot, networkIsolation }, { store }) => new SageMakerModelTrainer(scope, id, {
      artifactStore: store, image: toImage(image), instanceType, instanceCount, volumeSize, spot: spot ? {} : undefined, networkIsolation,
    }),
  },
};

const IMAGE = /^(scikit-learn(:.+)?|\d{12}\.dkr\.ecr\..+)$/;

/** `scikit-learn`, `scikit-learn:1.2-1`, or the URI of an image in ECR. */
function toImage(image: string): SageMakerImage {
  const [, version] = /^scikit-learn(?::(.+))?$/.exec(image) ?? [undefined, null];
  return version === null ? SageMakerImage.fromUri(image) : SageMakerImage.scikitLearn(version);
}

export const REGISTRIES: Providers<IModelRegistry> = {
  sagemaker: {
    fields: z => ({ group: z.string().optional(), description: z.string().optional(), removal: removal(z) }),
    props: { groupName: 'group', removalPolicy: 'removal' },
    create: (scope, id, settings) => {
      const { group, description, removal } = settings;
      if (group === undefined) return new SageMakerModelRegistry(scope, id, { description, removalPolicy: policy(removal) });
      refuse(settings, ['description', 'removal'], 'with', 'group', EXISTS);
      return SageMakerModelRegistry.fromGroupName(scope, id, group);
    },
  },
};

export const ENDPOINTS: Providers<IModelEndpoint, { store: IArtifactStore; images: string[] }> = {
  'sagemaker': {
    fields: z => ({
      name: z.string().optional(), instanceType: z.string().optional(), instanceCount: z.number().optional(), capturePercentage: z.number().optional(),
      bakeMinutes: z.number().min(0).max(60).optional(), networkIsolation: z.boolean().optional(),
    }),
    props: { endpointName: 'name' },
    create: (scope, id, { name, instanceType, instanceCount, capturePercentage, bakeMinutes, networkIsolation }, { store, images }) => new DeployableSageMakerEndpoint(scope, id, {
      artifactStore: store, endpointName: name, instanceType, instanceCount, capturePercentage, networkIsolation, images: images.map(toImage),
      bakeTime: bakeMinutes === undefined ? undefined : Duration.seconds(Math.round(bakeMinutes * 60)),
    }),
  },
  'open-inference': {
    fields: z => ({
      url: z.string(), model: z.string().default('model'),
      repository: z.string().regex(/^[^/\s]+(\/[^/\s]+)*\/?$/, { error: "must be a folder of the artifact store, such as 'models'" }).optional(),
      implementation: z.string().optional(), ...credential(z),
    }),
    props: { prefix: 'repository' },
    create: (scope, id, settings, { store }) => {
      const { url, model, repository, implementation } = settings;
      const props = { url, model, auth: auth(scope, id, settings) };
      if (repository === undefined) {
        refuse(settings, ['implementation'], 'without', 'repository', 'nothing is deployed to such an endpoint');
        return new OpenInferenceEndpoint(scope, id, props);
      }
      const bucket = s3.Bucket.fromBucketAttributes(scope, `${id}Bucket`, { bucketArn: `arn:${Stack.of(scope).partition}:s3:::${store.bucketName}`, encryptionKey: store.encryptionKey });
      const folder = S3ArtifactStore.fromBucket(scope, `${id}Repository`, { bucket, prefix: `${store.prefix}${repository.replace(/\/?$/, '/')}` });
      return new DeployableOpenInferenceEndpoint(scope, id, { ...props, implementation, repository: folder });
    },
  },
};

export const MONITORS: Providers<IModelMonitor | undefined, { endpoint: IModelEndpoint }> = {
  cloudwatch: {
    fields: z => ({ maxErrorPercentage: z.number().optional(), maxLatencyMs: z.number().min(1).optional() }),
    props: { maxLatency: 'maxLatencyMs' },
    create: (scope, id, { maxErrorPercentage, maxLatencyMs }, context) => {
      const endpoint = context.endpoint as ICapturingEndpoint;
      if (!endpoint.capturePercentage) {
        throw new Error("'provider' must be none for an endpoint that captures no traffic, got 'cloudwatch': or take an endpoint that captures some ('capturePercentage' of provider sagemaker)");
      }
      return new CloudWatchModelMonitor(scope, id, { endpoint, maxErrorPercentage, maxLatency: maxLatencyMs === undefined ? undefined : Duration.millis(maxLatencyMs) });
    },
  },
  none: { fields: () => ({}), create: () => undefined },
};

export const ORCHESTRATORS: Providers<IPipelineOrchestrator> = {
  'step-functions': { fields: () => ({}), create: (scope, id) => new StepFunctionsOrchestrator(scope, id) },
};

export const ALERTERS: Providers<IAlerter> = {
  sns: {
    fields: z => ({ email: z.string().optional(), topic: z.string().regex(/^arn:[^:]+:sns:[^:]+:\d{12}:[\w.-]+$/, { error: 'must be the ARN of an SNS topic' }).optional() }),
    create: (scope, id, settings) => {
      const { email, topic } = settings;
      if (topic === undefined) return new SnsAlerter(scope, id, { email });
      refuse(settings, ['email'], 'with', 'topic', 'subscribe the address to the topic');
      return SnsAlerter.fromTopic(scope, id, { topic: sns.Topic.fromTopicArn(scope, `${id}Topic`, topic) });
    },
  },
  slack: {
    fields: z => ({ channel: z.string(), url: z.string().optional(), ...key(z) }),
    create: (scope, id, { channel, url, secret, field }) => new SlackAlerter(scope, id, { channel, url, token: held(scope, id, secret), tokenField: field }),
  },
  pagerduty: {
    fields: z => ({ severity: z.enum(PagerDutySeverity).optional(), url: z.string().optional(), ...key(z) }),
    create: (scope, id, { severity, url, secret, field }) => new PagerDutyAlerter(scope, id, { severity, url, routingKey: held(scope, id, secret), routingKeyField: field }),
  },
  datadog: {
    fields: z => ({ site: z.string().optional(), tags: z.array(z.string()).optional(), ...key(z) }),
    create: (scope, id, { site, tags, secret, field }) => new DatadogAlerter(scope, id, { site, tags, apiKey: held(scope, id, secret), apiKeyField: field }),
  },
  webhook: {
    fields: z => ({ url: z.string(), ...credential(z) }),
    create: (scope, id, settings) => new WebhookAlerter(scope, id, { url: settings.url, auth: auth(scope, id, settings) }),
  },
};
