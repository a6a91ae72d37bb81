import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  Auth, ClearMlExperimentTracker, CometExperimentTracker, CometPartnerAppExperimentTracker, DatabricksExperimentTracker, DatabricksWorkspace,
  Environment, IExperimentTracker, MirroredTracker,
  MlflowExperimentTracker, NeptuneExperimentTracker, WandbExperimentTracker,
} from '../../lib';

const APP = 'arn:aws:sagemaker:us-east-1:000000000000:partner-app/app-A1';
const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:vendor-AbCdEf';
let stack: Stack;
let secret: secretsmanager.ISecret;

beforeEach(() => {
  stack = new Stack(new App(), 'test');
  secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', ARN);
});

/** What a job of these trackers finds in its environment. */
function environment(...trackers: IExperimentTracker[]): { [name: string]: string } {
  const role = new iam.Role(stack, `Role${trackers[0].node.id}`, { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com') });
  return Environment.of(role, ...trackers).inline;
}

describe("each client's own variables, with the least and the most that one can say", () => {
  test('Weights & Biases', () => {
    expect(environment(new WandbExperimentTracker(stack, 'Least', { apiKey: secret }))).toEqual({ WANDB_BASE_URL: 'https://api.wandb.ai', MLOPS_SECRET_WANDB_API_KEY: ARN });
    expect(environment(new WandbExperimentTracker(stack, 'Most', { apiKey: secret, apiKeyField: 'key', entity: 'acme', project: 'churn model', url: 'https://wandb.acme.dev/' }))).toEqual({
      WANDB_BASE_URL: 'https://wandb.acme.dev', WANDB_ENTITY: 'acme', WANDB_PROJECT: 'churn model', MLOPS_SECRET_WANDB_API_KEY: `${ARN}:key`,
    });
  });

  test('Comet', () => {
    expect(environment(new CometExperimentTracker(stack, 'Least', { apiKey: secret }))).toEqual({ COMET_URL_OVERRIDE: 'https://www.comet.com/clientlib/', MLOPS_SECRET_COMET_API_KEY: ARN });
    expect(environment(new CometExperimentTracker(stack, 'Most', { apiKey: secret, apiKeyField: 'key', workspace: 'acme', project: 'churn', url: 'https://comet.acme.dev' }))).toEqual({
      COMET_URL_OVERRIDE: 'https://comet.acme.dev/clientlib/', COMET_WORKSPACE: 'acme', COMET_PROJECT_NAME: 'churn', MLOPS_SECRET_COMET_API_KEY: `${ARN}:key`,
    });
  });

  test('Comet in the account', () => {
    const existing = { appArn: APP, url: 'https://app-A1.us-east-1.mlapp.sagemaker.aws/', apiKey: secret, workspace: 'acme', project: 'churn' };
    expect(environment(CometPartnerAppExperimentTracker.fromApp(stack, 'Existing', existing))).toEqual({
      AWS_PARTNER_APP_AUTH: 'true', AWS_PARTNER_APP_ARN: APP, AWS_PARTNER_APP_URL: 'https://app-A1.us-east-1.mlapp.sagemaker.aws',
      COMET_URL_OVERRIDE: 'https://app-A1.us-east-1.mlapp.sagemaker.aws/clientlib/', COMET_WORKSPACE: 'acme', COMET_PROJECT_NAME: 'churn', MLOPS_SECRET_COMET_API_KEY: ARN,
    });
    const { appArn } = new CometPartnerAppExperimentTracker(stack, 'New', { apiKey: secret, tier: 'small', adminUsers: ['ada'] });
    expect(stack.resolve(appArn)).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^New/), 'Arn'] });
    Template.fromStack(stack).hasResource('AWS::SageMaker::PartnerApp', {
      Properties: { Type: 'comet', Tier: 'small', AuthType: 'IAM', ApplicationConfig: { AdminUsers: ['ada'] } }, DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain',
    });
  });

  test('ClearML', () => {
    expect(environment(new ClearMlExperimentTracker(stack, 'Least', { credentials: secret }))).toEqual({
      CLEARML_API_HOST: 'https://api.clear.ml', CLEARML_WEB_HOST: 'https://app.clear.ml', CLEARML_FILES_HOST: 'https://files.clear.ml',
      MLOPS_SECRET_CLEARML_API_ACCESS_KEY: `${ARN}:accessKey`, MLOPS_SECRET_CLEARML_API_SECRET_KEY: `${ARN}:secretKey`,
    });
    expect(environment(new ClearMlExperimentTracker(stack, 'Most', {
      credentials: secret, accessKeyField: 'id', secretKeyField: 'key', url: 'https://api.acme.dev', webUrl: 'https://app.acme.dev', filesUrl: 'https://files.acme.dev',
    }))).toEqual({
      CLEARML_API_HOST: 'https://api.acme.dev', CLEARML_WEB_HOST: 'https://app.acme.dev', CLEARML_FILES_HOST: 'https://files.acme.dev',
      MLOPS_SECRET_CLEARML_API_ACCESS_KEY: `${ARN}:id`, MLOPS_SECRET_CLEARML_API_SECRET_KEY: `${ARN}:key`,
    });
  });

  test('Databricks, by a token and by a service principal', () => {
    const url = 'https://acme.cloud.databricks.com';
    expect(environment(new DatabricksExperimentTracker(stack, 'Least', { url, auth: Auth.bearer(secret) }))).toEqual({
      MLFLOW_TRACKING_URI: 'databricks', DATABRICKS_HOST: url, MLOPS_SECRET_DATABRICKS_TOKEN: ARN,
    });
    expect(environment(new DatabricksExperimentTracker(stack, 'Most', { url, auth: DatabricksWorkspace.servicePrincipal('f0e1', secret, 'oauth'), experiment: '/Shared/churn' }))).toEqual({
      MLFLOW_TRACKING_URI: 'databricks', DATABRICKS_HOST: url, DATABRICKS_CLIENT_ID: 'f0e1', MLFLOW_EXPERIMENT_NAME: '/Shared/churn', MLOPS_SECRET_DATABRICKS_CLIENT_SECRET: `${ARN}:oauth`,
    });
  });

  test('Neptune, with a warning that leads to another', () => {
    expect(environment(new NeptuneExperimentTracker(stack, 'Least', { project: 'acme/churn', apiToken: secret }))).toEqual({
      NEPTUNE_PROJECT: 'acme/churn', MLOPS_SECRET_NEPTUNE_API_TOKEN: ARN,
    });
    Annotations.fromStack(stack).hasWarning('/test/Least', Match.stringLikeRegexp("'test/Least' is at Neptune, whose service ended on 2026-03-05: move to another tracker as docs/migrating.md says"));
  });
});

describe('two trackers during a move', () => {
  test('a run finds both', () => {
    const primary = new MlflowExperimentTracker(stack, 'Kept', { url: 'https://mlflow.acme.dev', auth: Auth.bearer(secret, 'mlflow') });
    const secondary = new NeptuneExperimentTracker(stack, 'Left', { project: 'acme/churn', apiToken: secret, apiTokenField: 'neptune' });

    expect(environment(new MirroredTracker(stack, 'Both', { primary, secondary }))).toEqual({
      MLFLOW_TRACKING_URI: 'https://mlflow.acme.dev', MLOPS_SECRET_MLFLOW_TRACKING_TOKEN: `${ARN}:mlflow`, NEPTUNE_PROJECT: 'acme/churn', MLOPS_SECRET_NEPTUNE_API_TOKEN: `${ARN}:neptune`,
    });
  });

  test('two that read the same variables are refused', () => {
    const primary = new DatabricksExperimentTracker(stack, 'Kept', { url: 'https://acme.cloud.databricks.com', auth: Auth.bearer(secret) });
    const secondary = new MlflowExperimentTracker(stack, 'Left', { url: 'https://mlflow.acme.dev' });

    expect(() => environment(new MirroredTracker(stack, 'Both', { primary, secondary }))).toThrow(new Error(
      "'secondary' must speak another protocol than 'primary', got databricks and mlflow, whose clients both read 'MLFLOW_TRACKING_URI': use two jobs, or a copy of the runs"));
  });
});

describe('each bad input is refused with one line', () => {
  test.each<[string, () => unknown, string]>([
    ['a key that is no secret', () => new WandbExperimentTracker(stack, 'Bad', { apiKey: 'abc' as any }), "'apiKey' must be a secret (ISecret), got 'abc'"],
    ['an entity with a space', () => new WandbExperimentTracker(stack, 'Bad', { apiKey: secret, entity: 'a b' }), "'entity' must be a user's or team's name, got 'a b'"],
    ['a plain address', () => new WandbExperimentTracker(stack, 'Bad', { apiKey: secret, url: 'http://wandb.acme.dev' }),
      "'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://wandb.acme.dev'"],
    ['a workspace with a slash', () => new CometExperimentTracker(stack, 'Bad', { apiKey: secret, workspace: 'a/b' }), "'workspace' must be a workspace's name, got 'a/b'"],
    ['no administrator', () => new CometPartnerAppExperimentTracker(stack, 'Bad', { apiKey: secret, tier: 'small', adminUsers: [] }), "'adminUsers' must name one user at least, got none"],
    ['an administrator twice', () => new CometPartnerAppExperimentTracker(stack, 'Bad', { apiKey: secret, tier: 'small', adminUsers: ['ada', 'bob', 'ada'] }), "'adminUsers' must name each user once, got [\"ada\",\"bob\",\"ada\"]"],
    ['no tier', () => new CometPartnerAppExperimentTracker(stack, 'Bad', { apiKey: secret, adminUsers: ['ada'] } as any), "'tier' must be a tier, such as small, got undefined"],
    ['no app', () => CometPartnerAppExperimentTracker.fromApp(stack, 'Bad', { apiKey: secret, appArn: 'app-A1', url: 'https://a.dev' }),
      "'appArn' must be a Partner AI App's ARN, arn:aws:sagemaker:<region>:<account>:partner-app/<id>, got 'app-A1'"],
    ['no credentials', () => new ClearMlExperimentTracker(stack, 'Bad', {} as any), "'credentials' must be a secret (ISecret), got undefined"],
    ['an experiment that is no path', () => new DatabricksExperimentTracker(stack, 'Bad', { url: 'https://a.dev', auth: Auth.bearer(secret), experiment: 'churn' }),
      "'experiment' must be a path in the workspace that starts with '/', of at most 500 characters, got 'churn'"],
    ['a user of a workspace', () => new DatabricksExperimentTracker(stack, 'Bad', { url: 'https://a.dev', auth: Auth.basic('ada', secret) }),
      "'auth' must be Auth.bearer or DatabricksWorkspace.servicePrincipal, got an Auth"],
    ['a project without a workspace', () => new NeptuneExperimentTracker(stack, 'Bad', { project: 'churn', apiToken: secret }),
      "'project' must be a workspace and a project's name, with a '/' between, got 'churn'"],
    ['half a mirror', () => new MirroredTracker(stack, 'Bad', { primary: new WandbExperimentTracker(stack, 'Kept', { apiKey: secret }) } as any), "'secondary' must be a tracker (IExperimentTracker), got undefined"],
  ])('%s', (_name, make, message) => {
    expect(make).toThrow(new Error(message));
  });
});
