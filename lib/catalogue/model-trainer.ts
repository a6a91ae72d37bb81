import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { IS3ArtifactStore } from '../../constructs/artifact-store';
import { Auth } from '../../constructs/core';
import { DatabricksWorkspace } from '../../constructs/databricks';
import { DatabricksModelTrainer, HttpsModelTrainer, IModelTrainer, PipelineModelTrainer, RayModelTrainer, SageMakerModelTrainer } from '../../constructs/model-trainer';
import { AirflowOrchestrator, DagsterOrchestrator, IOrchestrator, PrefectOrchestrator, PrefectOrchestratorProps, ZenmlOrchestrator } from '../../constructs/orchestrator';
import { access, auth, Callers, IMAGE, key, toImage } from './fields';
import { Provider, Providers, Z } from './provider';

/** What the pipeline hands to whoever trains, and the image that serves what they leave: every provider has these fields. */
const work = (z: Z) => ({
  image: z.string().regex(IMAGE, { error: 'must be scikit-learn, scikit-learn:<version> or the URI of an image in ECR' }).default('scikit-learn'),
  hyperparameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number, true or false' }).transform(String)).optional(),
  timeoutMinutes: z.number().min(1).max(28 * 24 * 60).optional(),
});

/** The training itself, for those who do not bring their own. */
const training = (z: Z) => ({ source: z.string().default('training'), entry: z.string().default('train.py'), ...work(z) });

/** The role that a vendor's machines take in AWS. */
const role = (z: Z) => z.string().regex(/^arn:[^:]+:iam::\d{12}:role\/.+$/, { error: "must be a role's ARN, arn:aws:iam::<account>:role/<name>" }).optional();
const identity = (scope: Construct, id: string, arn?: string) => arn === undefined ? undefined : iam.Role.fromRoleArn(scope, `${id}Identity`, arn);

/** How a service takes jobs, tells how they are and ends them. */
const jobs = (z: Z) => {
  const body = z.record(z.string(), z.unknown());
  return {
    submit: z.strictObject({
      path: z.string(), method: z.string().optional(), body, headers: z.record(z.string(), z.string()).optional(), job: z.string().optional(),
      existsStatus: z.number().optional(), existsCause: z.string().optional(),
    }),
    status: z.strictObject({
      path: z.string(), query: z.record(z.string(), z.string()).optional(), state: z.string(), succeeded: z.array(z.string()), failed: z.array(z.string()),
      reason: z.string().optional(), log: z.string().optional(),
    }),
    cancel: z.strictObject({ path: z.string(), method: z.string().optional(), body: body.optional() }).optional(),
  };
};

/** A pipeline of one's own, in a vendor's orchestrator. */
const pipeline = (
  Orchestrator: new (scope: Construct, id: string, props: PrefectOrchestratorProps) => IOrchestrator, callers?: Callers,
): Provider<IModelTrainer, { store: IS3ArtifactStore }> => ({
  fields: z => ({ ...work(z), url: z.string(), pipeline: z.string(), role: role(z), ...access(z) }),
  props: { uri: 'image', version: 'image' },
  create: (scope, id, settings, { store }) => new PipelineModelTrainer(scope, id, {
    orchestrator: new Orchestrator(scope, `${id}Orchestrator`, { artifactStore: store, url: settings.url, auth: auth(scope, id, settings, callers) }),
    pipeline: settings.pipeline, image: toImage(settings.image), identity: identity(scope, id, settings.role),
  }),
});

export const TRAINERS: Providers<IModelTrainer, { store: IS3ArtifactStore }> = {
  sagemaker: {
    fields: z => ({
      ...training(z),
      instanceType: z.string().optional(), instanceCount: z.number().optional(), volumeSize: z.number().optional(), spot: z.boolean().optional(), networkIsolation: z.boolean().optional(),
    }),
    props: { uri: 'image', version: 'image' },
    create: (scope, id, { image, instanceType, instanceCount, volumeSize, spot, networkIsolation }, { store }) => new SageMakerModelTrainer(scope, id, {
      artifactStore: store, image: toImage(image), instanceType, instanceCount, volumeSize, spot: spot ? {} : undefined, networkIsolation,
    }),
  },
  ray: {
    fields: z => ({ ...training(z), url: z.string(), gpus: z.number().optional(), role: role(z), ...access(z) }),
    props: { uri: 'image', version: 'image' },
    create: (scope, id, settings, { store }) => new RayModelTrainer(scope, id, {
      artifactStore: store, url: settings.url, auth: auth(scope, id, settings), gpus: settings.gpus, image: toImage(settings.image), identity: identity(scope, id, settings.role),
    }),
  },
  databricks: {
    fields: z => ({ ...work(z), url: z.string(), job: z.number(), role: role(z), ...key(z), clientId: z.string().optional() }),
    props: { uri: 'image', version: 'image' },
    create: (scope, id, { url, job, clientId, ...settings }, { store }) => new DatabricksModelTrainer(scope, id, {
      artifactStore: store, url, job, auth: auth(scope, id, { ...settings, username: clientId }, { user: DatabricksWorkspace.servicePrincipal }),
      image: toImage(settings.image), identity: identity(scope, id, settings.role),
    }),
  },
  https: {
    fields: z => ({ ...work(z), url: z.string(), ...jobs(z), role: role(z), ...access(z) }),
    props: { uri: 'image', version: 'image' },
    create: (scope, id, settings, { store }) => {
      const { url, submit, status, cancel } = settings;
      return new HttpsModelTrainer(scope, id, {
        artifactStore: store, url, submit, status, cancel, auth: auth(scope, id, settings), image: toImage(settings.image), identity: identity(scope, id, settings.role),
      });
    },
  },
  prefect: pipeline(PrefectOrchestrator),
  zenml: {
    fields: z => ({ ...work(z), url: z.string(), deployment: z.string(), role: role(z), ...key(z), deploymentField: z.string().optional() }),
    props: { uri: 'image', version: 'image', 'deployments.train': 'deployment' },
    create: (scope, id, { url, deployment, deploymentField, ...settings }, { store }) => new PipelineModelTrainer(scope, id, {
      orchestrator: new ZenmlOrchestrator(scope, `${id}Orchestrator`, {
        artifactStore: store, url, deployments: { train: deployment }, auth: auth(scope, id, settings),
        deploymentAuth: deploymentField === undefined ? undefined : auth(scope, `${id}Deployment`, { secret: settings.secret, field: deploymentField }),
      }),
      pipeline: 'train', image: toImage(settings.image), identity: identity(scope, id, settings.role),
    }),
  },
  airflow: pipeline(AirflowOrchestrator, { user: AirflowOrchestrator.login }),
  dagster: pipeline(DagsterOrchestrator, { token: (secret, field) => Auth.header('Dagster-Cloud-Api-Token', secret, field) }),
};
