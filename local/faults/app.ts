/**
 * The stack that the fault matrix is run on: the library's own pipelines and, for each fault of a vendor and each HTTP Task,
 * an endpoint whose model is named after both, so that the vendor's server knows what to do. A step has 20 seconds.
 */
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import {
  Auth, DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint, IAlerter, ModelDeployment, OpenInferenceEndpoint, PagerDutyAlerter, RunAlerts, S3ArtifactStore, SageMakerImage,
  SageMakerModelRegistry, SageMakerModelTrainer, SlackAlerter, SnsAlerter, Step, StepFunctionsOrchestrator, TrainingPipeline, WebhookAlerter,
} from '../../lib';
import { faults, tasks } from './vendor_faults.json';

/** The deadline of a step. */
const timeout = Duration.seconds(20);
/** A run that outlasts its steps' deadlines is TIMED_OUT, which no cell of the matrix promises. */
const longest = Duration.seconds(75);
const sample = [[1, 2]];
const input = (name: string) => `{% $states.context.Execution.Input.${name} %}`;

const app = new App();
const stack = new Stack(app, 'faults');
/** Where the vendor listens; a vendor with the wrong name does so once a task. */
const vendor: { url: string; wrongName: { [task: string]: string }; secret: string } = JSON.parse(app.node.getContext('vendor'));
const credential = secretsmanager.Secret.fromSecretNameV2(stack, 'Credential', vendor.secret);
const auth = Auth.bearer(credential);

const store = new S3ArtifactStore(stack, 'ArtifactStore');
const bucket = s3.Bucket.fromBucketAttributes(stack, 'RepositoryBucket', { bucketName: store.bucketName, encryptionKey: store.encryptionKey });
const repository = S3ArtifactStore.fromBucket(stack, 'Repository', { bucket, prefix: 'repository/' });
const image = SageMakerImage.fromUri('000000000000.dkr.ecr.us-east-1.amazonaws.com/faults:1');
const trainer = new SageMakerModelTrainer(stack, 'ModelTrainer', { artifactStore: store, image });
const registry = new SageMakerModelRegistry(stack, 'ModelRegistry');
const endpoint = new DeployableSageMakerEndpoint(stack, 'ModelEndpoint', { artifactStore: store, images: [image], bakeTime: Duration.minutes(1) });
const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
const alerter = new SnsAlerter(stack, 'Alerter');

/** Each HTTP Task of the library: what leads to it, with a vendor that plays one fault there. */
const paths: { [task: string]: (id: string, url: string, model: string) => sfn.Chain | Step } = {
  infer: (id, url, model) => new OpenInferenceEndpoint(stack, `Vendor-${id}`, { url, model, auth }).infer(stack, id, { instances: sample, timeout }),
  failover: (id, url, model) => {
    const healthy = new OpenInferenceEndpoint(stack, `Healthy-${id}`, { url: vendor.url, model: 'healthy.infer', auth }).infer(stack, `Fallback${id}`, { instances: sample, timeout });
    healthy.next(new sfn.Pass(stack, `FellBack${id}`, { outputs: { fallback: healthy.result('predictions') } }));
    return new OpenInferenceEndpoint(stack, `Vendor-${id}`, { url, model, auth }).infer(stack, id, { instances: sample, timeout }).addCatch(healthy);
  },
  load: deploy,
  ready: deploy,
  sample: deploy,
  slack: (id, url, model) => tell(id, new SlackAlerter(stack, `Vendor-${id}`, { channel: '#alerts', token: credential, url: `${url}/${model}` })),
  pagerduty: (id, url, model) => tell(id, new PagerDutyAlerter(stack, `Vendor-${id}`, { routingKey: credential, url: `${url}/${model}` })),
  webhook: (id, url, model) => tell(id, new WebhookAlerter(stack, `Vendor-${id}`, { url: `${url}/${model}/alerts`, auth })),
};

function tell(id: string, alerter: IAlerter): Step {
  return alerter.notify(stack, id, { subject: 'A fault', message: 'on purpose', timeout });
}

function deploy(id: string, url: string, model: string): Step {
  return new DeployableOpenInferenceEndpoint(stack, `Vendor-${id}`, { url, model, auth, repository })
    .deploy(stack, id, { version: input('version'), modelUri: input('modelUri'), store, sample, timeout });
}

for (const task of tasks) {
  const choice = new sfn.Choice(stack, `Fault-${task}`);
  for (const fault of faults) {
    // No call gets past a wrong name: the first one stands for all.
    const url = fault === 'wrong-name' ? vendor.wrongName[task] : vendor.url;
    if (url) choice.when(sfn.Condition.jsonata(`{% $states.input.fault = '${fault}' %}`), paths[task](id(task, fault), url, `${fault}.${task}`));
  }
  orchestrator.addPipeline(`vendor-${task}`, { definition: choice, timeout: longest });
}

const training = { hyperparameters: { behaviour: input('behaviour') }, timeout };
orchestrator.addPipeline('training', { definition: new TrainingPipeline(stack, 'Training', { trainer, registry, training }), timeout: longest });
orchestrator.addPipeline('deployment', { definition: new ModelDeployment(stack, 'Deployment', { registry, endpoint, store, orchestrator, sample: 'sample.csv', timeout }), timeout: longest });
orchestrator.addPipeline('predict', { definition: endpoint.infer(stack, 'Predict', { instances: input('rows'), timeout }), timeout: longest });
orchestrator.addPipeline('publish', { definition: deploy('Publish', vendor.url, 'healthy.publish'), timeout: longest });
new RunAlerts(stack, 'Alerts', { alerter, orchestrator });

const outputs = { bucket: store.bucketName, topic: alerter.topic.topicArn, registry: registry.groupName, endpoint: endpoint.endpointName };
Object.entries(outputs).forEach(([name, value]) => new CfnOutput(stack, `Output-${name}`, { value }).overrideLogicalId(name));
['training', 'deployment', 'predict', 'publish', ...tasks.map(task => `vendor-${task}`)].forEach(name => {
  new CfnOutput(stack, `Pipeline-${name}`, { value: (orchestrator.node.findChild(name) as sfn.StateMachine).stateMachineArn }).overrideLogicalId(name.replace('-', ''));
});
app.synth();

/** `InferSlowBody` */
function id(task: string, fault: string): string {
  return [task, ...fault.split('-')].map(word => word[0].toUpperCase() + word.slice(1)).join('');
}
