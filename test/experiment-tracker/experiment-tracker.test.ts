import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { S3ArtifactStore } from '../../constructs/artifact-store';
import { Auth, Environment, Publication } from '../../constructs/core';
import { MlflowExperimentTracker, MlflowExperimentTrackerProps, SageMakerExperimentTracker } from '../../constructs/experiment-tracker';
import { allowed, render, resource } from '../support/template';

const role = (stack: Stack) => new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
const storeIn = (stack: Stack) => S3ArtifactStore.fromBucket(stack, 'Store', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme'), prefix: 'ml/' });
const FILES = ['s3:GetObject arn:aws:s3:::acme/ml/mlflow/*', 's3:ListBucket arn:aws:s3:::acme', 's3:PutObject s3:AbortMultipartUpload arn:aws:s3:::acme/ml/mlflow/*'];
const held = (template: Template, id: string) => allowed(template, id).map(({ actions, resources }) => `${actions.join(' ')} ${resources.join(' ')}`);

describe('SageMakerExperimentTracker', () => {
  describe('minimal', () => {
    const stack = new Stack(new App(), 'test');
    const tracker = new SageMakerExperimentTracker(stack, 'Tracker', { artifactStore: storeIn(stack) });
    const binding = tracker.bind(role(stack));
    const template = Template.fromStack(stack);
    const app = resource(template, 'AWS::SageMaker::MlflowApp');

    test('an app that keeps its artifacts in the store, as a role that may do no more', () => {
      expect(app.Properties).toEqual({ ArtifactStoreUri: 's3://acme/ml/mlflow', Name: expect.anything(), RoleArn: '<TrackerRoleA862CF9B.Arn>' });
      expect(held(template, 'TrackerRole')).toEqual(FILES);
    });

    test('its name, of which a change replaces it, ends in a part of the id of the stack, so that a retained app does not block the next', () => {
      const { Name } = Object.values(template.findResources('AWS::SageMaker::MlflowApp'))[0].Properties;

      expect(Name['Fn::Join'][1][0]).toBe('test-tracker-bc1008c7-');
      expect(JSON.stringify(Name)).toContain('AWS::StackId');
    });

    test('the logical ids of what would lose the history when it is replaced', () => {
      expect(Object.keys(template.findResources('AWS::SageMaker::MlflowApp'))).toEqual(['TrackerAF5FC55F']);
      expect(Object.keys(template.findResources('AWS::IAM::Role', { Properties: { AssumeRolePolicyDocument: Match.objectLike({ Statement: [Match.objectLike({ Principal: { Service: 'sagemaker.amazonaws.com' } })] }) } })))
        .toEqual(['TrackerRoleA862CF9B']);
    });

    test('app, role and policy are retained together', () => {
      const policy = Object.entries(template.findResources('AWS::IAM::Policy')).find(([id]) => id.startsWith('TrackerRole'))![1];

      expect([app, resource(template, 'AWS::IAM::Role', 'TrackerRole'), policy].map(({ DeletionPolicy, UpdateReplacePolicy }) => [DeletionPolicy, UpdateReplacePolicy]))
        .toEqual([['Retain', 'Retain'], ['Retain', 'Retain'], ['Retain', 'Retain']]);
      expect(app.DependsOn.sort()).toEqual(['TrackerRoleA862CF9B', expect.stringMatching(/^TrackerRoleDefaultPolicy/)]);
    });

    test('a client calls the app and reaches its artifacts', () => {
      expect(render(stack.resolve(binding))).toEqual({ provider: 'sagemaker', address: '<TrackerAF5FC55F.Arn>', variables: { MLFLOW_TRACKING_URI: '<TrackerAF5FC55F.Arn>' } });
      expect(held(template, 'Client')).toEqual(['sagemaker:CallMlflowAppApi <TrackerAF5FC55F.Arn>', ...FILES]);
    });
  });

  test('maximal', () => {
    const stack = new Stack(new App({ context: { 'cdk-mlops:allowDestroy': 'true' } }), 'test');
    const tracker = new SageMakerExperimentTracker(stack, 'Tracker', { artifactStore: storeIn(stack), experiment: 'churn', removalPolicy: RemovalPolicy.DESTROY });

    expect(tracker.bind(role(stack)).variables).toMatchObject({ MLFLOW_EXPERIMENT_NAME: 'churn' });
    expect(['AWS::SageMaker::MlflowApp', 'AWS::IAM::Role'].map(type => resource(Template.fromStack(stack), type, 'Tracker').DeletionPolicy)).toEqual(['Delete', 'Delete']);
  });

  test('deleting takes two keys', () => {
    const stack = new Stack(new App(), 'test');

    expect(() => new SageMakerExperimentTracker(stack, 'Tracker', { artifactStore: storeIn(stack), removalPolicy: RemovalPolicy.DESTROY })).toThrow(new Error(
      "'removalPolicy' must be RETAIN unless the context 'cdk-mlops:allowDestroy' is true, got DESTROY for 'test/Tracker': data would be deleted with the stack",
    ));
  });

  test('import', () => {
    const stack = new Stack(new App(), 'test');
    const appArn = 'arn:aws:sagemaker:us-east-1:000000000000:mlflow-app/app-ABC123';
    const binding = SageMakerExperimentTracker.fromApp(stack, 'Tracker', { appArn, artifactStore: storeIn(stack), experiment: 'churn' }).bind(role(stack));
    const template = Template.fromStack(stack);

    expect(binding).toEqual({ provider: 'sagemaker', address: appArn, variables: { MLFLOW_TRACKING_URI: appArn, MLFLOW_EXPERIMENT_NAME: 'churn' } });
    expect(held(template, 'Client')).toEqual([`sagemaker:CallMlflowAppApi ${appArn}`, ...FILES]);
    template.resourceCountIs('AWS::SageMaker::MlflowApp', 0);
  });

  test('an ARN that is of no app is refused', () => {
    const stack = new Stack(new App(), 'test');

    expect(() => SageMakerExperimentTracker.fromApp(stack, 'Tracker', { appArn: 'arn:aws:sagemaker:us-east-1:000000000000:mlflow-tracking-server/a', artifactStore: storeIn(stack) })).toThrow(new Error(
      "'appArn' must be an MLflow App's ARN, arn:aws:sagemaker:<region>:<account>:mlflow-app/<id>, got 'arn:aws:sagemaker:us-east-1:000000000000:mlflow-tracking-server/a'",
    ));
  });
});

describe('MlflowExperimentTracker', () => {
  const bound = (props: (secret: secretsmanager.ISecret) => MlflowExperimentTrackerProps) => {
    const stack = new Stack(new App(), 'test');
    const tracker = new MlflowExperimentTracker(stack, 'Tracker', props(secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/mlflow')));
    return { stack, tracker, inline: () => render(stack.resolve(Environment.of(role(stack), tracker).inline)) };
  };
  const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:acme/mlflow';

  test('minimal: an address, no resource and no permission', () => {
    const { stack, tracker, inline } = bound(() => ({ url: 'https://mlflow.acme.dev/' }));

    expect(inline()).toEqual({ MLFLOW_TRACKING_URI: 'https://mlflow.acme.dev' });
    expect(tracker.bind(role(new Stack()))).toEqual({
      provider: 'mlflow', address: 'https://mlflow.acme.dev', variables: { MLFLOW_TRACKING_URI: 'https://mlflow.acme.dev' }, secrets: {},
      probes: [{ shows: 'alive', url: 'https://mlflow.acme.dev/health' }, { shows: 'version', url: 'https://mlflow.acme.dev/version', matches: '^[23]\\.' }],
    });
    expect(Object.keys(Template.fromStack(stack).toJSON().Resources)).toEqual([expect.stringMatching(/^Client/)]);
  });

  test('maximal: Basic, with an experiment; the client may read the secret', () => {
    const { stack, inline } = bound(secret => ({ url: 'https://mlflow.acme.dev', auth: Auth.basic('ml', secret, 'password'), experiment: 'churn' }));

    expect(inline()).toEqual({
      MLFLOW_TRACKING_URI: 'https://mlflow.acme.dev', MLFLOW_TRACKING_USERNAME: 'ml', MLFLOW_EXPERIMENT_NAME: 'churn', MLOPS_SECRET_MLFLOW_TRACKING_PASSWORD: `${SECRET}:password`,
    });
    expect(held(Template.fromStack(stack), 'Client')).toEqual([`secretsmanager:GetSecretValue ${SECRET}-??????`]);
  });

  test('a bearer token', () => {
    expect(bound(secret => ({ url: 'https://mlflow.acme.dev', auth: Auth.bearer(secret) })).inline())
      .toEqual({ MLFLOW_TRACKING_URI: 'https://mlflow.acme.dev', MLOPS_SECRET_MLFLOW_TRACKING_TOKEN: SECRET });
  });

  test('what is published holds references only', () => {
    const { stack, tracker } = bound(secret => ({ url: 'https://mlflow.acme.dev', auth: Auth.basic('ml', secret, 'password') }));
    new Publication(stack, 'Publish', { component: 'experiment-tracker', of: tracker });

    expect(JSON.parse(resource(Template.fromStack(stack), 'AWS::SSM::Parameter').Properties.Value)).toMatchObject({
      provider: 'mlflow', secrets: { MLFLOW_TRACKING_PASSWORD: { secretArn: SECRET, field: 'password' } },
    });
  });

  test("a header that MLflow's client cannot send is refused", () => {
    expect(() => bound(secret => ({ url: 'https://mlflow.acme.dev', auth: Auth.header('X-Api-Key', secret) })))
      .toThrow(new Error("'auth' must be Auth.basic, Auth.bearer or Auth.none, got Auth.header, which MLflow's client cannot send"));
  });

  test('plain http is refused, but for this machine, with a warning', () => {
    expect(() => bound(() => ({ url: 'http://mlflow.acme.dev' })))
      .toThrow(new Error("'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://mlflow.acme.dev'"));
    const { stack } = bound(() => ({ url: 'http://127.0.0.1:5000' }));
    expect(Annotations.fromStack(stack).findWarning('/test/Tracker', Match.stringLikeRegexp("'http://127.0.0.1:5000' is on this machine"))).toHaveLength(1);
  });
});
