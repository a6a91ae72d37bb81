import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import {
  DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint, IDeployableEndpoint, ModelStatus, S3ArtifactStore, SageMakerModelRegistry, SageMakerModelTrainer, SnsAlerter, Step,
  StepFunctionsOrchestrator,
} from '../../lib';
import { definition, states } from '../support/template';

const timeout = Duration.seconds(20);
const id = 'Work';
const store = (stack: Stack) => new S3ArtifactStore(stack, 'Store');
const registry = (stack: Stack) => new SageMakerModelRegistry(stack, 'Registry');
const sagemaker = (stack: Stack) => new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store(stack) });
const vendor = (stack: Stack) => new DeployableOpenInferenceEndpoint(stack, 'Endpoint', { url: 'https://models.acme.dev', model: 'fraud', repository: store(stack) });
const orchestrator = (stack: Stack) => {
  const made = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  made.addPipeline('nightly', { definition: new sfn.Pass(stack, 'Nothing') });
  return made;
};
const deploy = (stack: Stack, endpoint: IDeployableEndpoint) =>
  endpoint.deploy(stack, id, { version: '7', modelUri: 's3://acme/training/model.tar.gz', image: 'image', store: S3ArtifactStore.fromBucket(stack, 'Models', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme') }), timeout });

/** Every verb there is, with a deadline. */
const VERBS: { [verb: string]: (stack: Stack) => Step } = {
  train: stack => new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: store(stack) }).train(stack, id, { timeout }),
  register: stack => registry(stack).register(stack, id, { modelUri: 's3://acme/model.tar.gz', image: 'image', timeout }),
  resolve: stack => registry(stack).resolve(stack, id, { version: '7', timeout }),
  setStatus: stack => registry(stack).setStatus(stack, id, { version: '7', status: ModelStatus.APPROVED, timeout }),
  'infer on SageMaker': stack => sagemaker(stack).infer(stack, id, { instances: [[1]], timeout }),
  'infer at a vendor': stack => vendor(stack).infer(stack, id, { instances: [[1]], timeout }),
  'deploy to SageMaker': stack => deploy(stack, sagemaker(stack)),
  'deploy to a vendor': stack => deploy(stack, vendor(stack)),
  run: stack => orchestrator(stack).run(stack, id, { pipeline: 'nightly', timeout }),
  inspect: stack => orchestrator(stack).inspect(stack, id, { run: 'arn', timeout }),
  notify: stack => new SnsAlerter(stack, 'Alerter').notify(stack, id, { subject: 'a', message: 'b', timeout }),
};

test.each(Object.entries(VERBS))('%s takes a deadline for the whole step', (_verb, make) => {
  const stack = new Stack(new App(), 'test');
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(make(stack)), queryLanguage: sfn.QueryLanguage.JSONATA });

  expect(states(definition(Template.fromStack(stack), 'Machine'))[`${id}: start`].Assign.deadline).toBe('{% $millis() + 20000 %}');
});
