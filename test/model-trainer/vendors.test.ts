import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Template } from 'aws-cdk-lib/assertions';
import { PipelineModelTrainer, PrefectOrchestrator, RayModelTrainer, S3ArtifactStore } from '../../lib';

function setting() {
  const stack = new Stack(new App(), 'test');
  return { stack, artifactStore: S3ArtifactStore.fromBucket(stack, 'Store', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme-data') }) };
}

test('a pipeline brings its own source', () => {
  const { stack, artifactStore } = setting();
  const orchestrator = new PrefectOrchestrator(stack, 'Orchestrator', { url: 'https://prefect.acme.dev/api', artifactStore });
  const trainer = new PipelineModelTrainer(stack, 'Trainer', { orchestrator, pipeline: 'train' });

  expect(() => trainer.train(stack, 'Train', { source: 'training' })).toThrow("'source' must be left out, since the pipeline brings its own, got 'training'");
});

test('a job of Ray has a source or an entrypoint', () => {
  const { stack, artifactStore } = setting();

  expect(() => new RayModelTrainer(stack, 'Trainer', { url: 'https://ray.acme.dev', artifactStore }).train(stack, 'Train', {}))
    .toThrow("'source' must be given to a trainer without an 'entrypoint', got none");
});

test("the identity of Ray's nodes reads the source and the store's channels, and writes the model", () => {
  const { stack, artifactStore } = setting();
  const identity = new iam.Role(stack, 'Nodes', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  const train = new RayModelTrainer(stack, 'Trainer', { url: 'https://ray.acme.dev', artifactStore, identity })
    .train(stack, 'Train', { source: 'training', inputs: { train: artifactStore.uriFor('data/train/'), other: 's3://other/data' } });
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(train), queryLanguage: sfn.QueryLanguage.JSONATA });

  const [policy] = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).flatMap(([id, found]) => id.startsWith('Nodes') ? [found] : []);
  const text = JSON.stringify(policy.Properties.PolicyDocument.Statement);
  expect(text).toContain('acme-data/data/train/*');
  expect(text).toContain('acme-data/training/*');
  expect(text).toContain('cdk-hnb659fds-assets');
  expect(text).not.toContain('other');
});
