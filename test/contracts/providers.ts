import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import * as kit from '../../conformance';
import * as mlops from '../../lib';

/** Every implementation of every contract: `<component> <provider>`, and the cases of its suite. */
export const PROVIDERS: { [name: string]: kit.ConformanceCase[] } = {
  'alerter sns': kit.alerter(scope => new mlops.SnsAlerter(scope, 'Alerter', { email: 'ml@acme.dev' })),
  'alerter sns, existing': kit.alerter(scope => mlops.SnsAlerter.fromTopic(scope, 'Alerter', { topic: sns.Topic.fromTopicArn(scope, 'Topic', 'arn:aws:sns:eu-west-1:111122223333:alerts') })),
  'alerter slack': kit.alerter(scope => new mlops.SlackAlerter(scope, 'Alerter', { channel: '#ml', token: secret(scope), tokenField: 'bot' })),
  'alerter pagerduty': kit.alerter(scope => new mlops.PagerDutyAlerter(scope, 'Alerter', { routingKey: secret(scope) })),
  'alerter datadog': kit.alerter(scope => new mlops.DatadogAlerter(scope, 'Alerter', { apiKey: secret(scope), tags: ['team:ml'] })),
  'alerter webhook': kit.alerter(scope => new mlops.WebhookAlerter(scope, 'Alerter', { url: 'https://hooks.acme.dev/ml' })),
  'alerter webhook, signed': kit.alerter(scope => new mlops.WebhookAlerter(scope, 'Alerter', {
    url: 'https://hooks.acme.dev/ml', auth: mlops.Auth.signed(secret(scope), mlops.WebhookSignature.standard()),
  })),

  'artifact store s3': kit.s3ArtifactStore(scope => new mlops.S3ArtifactStore(scope, 'Store')),
  'artifact store s3, existing': kit.s3ArtifactStore(scope => mlops.S3ArtifactStore.fromBucket(scope, 'Store', { bucket: s3.Bucket.fromBucketName(scope, 'Bucket', 'acme-data'), prefix: 'ml/' })),

  'artifact store s3-compatible': kit.artifactStore(scope => new mlops.S3CompatibleArtifactStore(scope, 'Store', { url: 'https://minio.acme.dev', bucket: 'acme-data', keys: secret(scope), prefix: 'ml/' })),

  'experiment tracker sagemaker': kit.experimentTracker((scope, { artifactStore }) => new mlops.SageMakerExperimentTracker(scope, 'Tracker', { artifactStore, experiment: 'fraud' })),
  'experiment tracker sagemaker, existing': kit.experimentTracker((scope, { artifactStore }) => mlops.SageMakerExperimentTracker.fromApp(scope, 'Tracker', {
    appArn: 'arn:aws:sagemaker:eu-west-1:111122223333:mlflow-app/app-ABCDEF', artifactStore,
  })),
  'experiment tracker mlflow': kit.experimentTracker(scope => new mlops.MlflowExperimentTracker(scope, 'Tracker', { url: 'https://mlflow.acme.dev', auth: mlops.Auth.basic('ml', secret(scope), 'password') })),
  'experiment tracker mlflow, bearer': kit.experimentTracker(scope => new mlops.MlflowExperimentTracker(scope, 'Tracker', { url: 'https://mlflow.acme.dev', auth: mlops.Auth.bearer(secret(scope)) })),

  'experiment tracker databricks': kit.experimentTracker(scope => new mlops.DatabricksExperimentTracker(scope, 'Tracker', { url: 'https://acme.cloud.databricks.com', auth: mlops.Auth.bearer(secret(scope)) })),
  'experiment tracker wandb': kit.experimentTracker(scope => new mlops.WandbExperimentTracker(scope, 'Tracker', { apiKey: secret(scope), entity: 'acme', project: 'fraud' })),
  'experiment tracker comet': kit.experimentTracker(scope => new mlops.CometExperimentTracker(scope, 'Tracker', { apiKey: secret(scope), workspace: 'acme' })),
  'experiment tracker comet-partner-app': kit.experimentTracker(scope => new mlops.CometPartnerAppExperimentTracker(scope, 'Tracker', { apiKey: secret(scope), tier: 'small', adminUsers: ['ada'] })),
  'experiment tracker comet-partner-app, existing': kit.experimentTracker(scope => mlops.CometPartnerAppExperimentTracker.fromApp(scope, 'Tracker', {
    appArn: 'arn:aws:sagemaker:eu-west-1:111122223333:partner-app/app-ABCDEF123456', url: 'https://app-ABCDEF123456.eu-west-1.mlapp.sagemaker.aws', apiKey: secret(scope),
  })),
  'experiment tracker clearml': kit.experimentTracker(scope => new mlops.ClearMlExperimentTracker(scope, 'Tracker', { credentials: secret(scope) })),
  'experiment tracker neptune': kit.experimentTracker(scope => new mlops.NeptuneExperimentTracker(scope, 'Tracker', { project: 'acme/fraud', apiToken: secret(scope) })),
  'experiment tracker mirrored': kit.experimentTracker((scope, { artifactStore }) => new mlops.MirroredTracker(scope, 'Tracker', {
    primary: new mlops.SageMakerExperimentTracker(scope, 'Kept', { artifactStore }), secondary: new mlops.WandbExperimentTracker(scope, 'Left', { apiKey: secret(scope) }),
  })),

  'model trainer sagemaker': kit.modelTrainer((scope, { artifactStore }) => new mlops.SageMakerModelTrainer(scope, 'Trainer', { artifactStore })),
  'model trainer sagemaker, spot': kit.modelTrainer((scope, { artifactStore }) => new mlops.SageMakerModelTrainer(scope, 'Trainer', { artifactStore, spot: {}, instanceCount: 2 })),

  'model trainer ray': kit.modelTrainer((scope, { artifactStore }) => new mlops.RayModelTrainer(scope, 'Trainer', {
    artifactStore, url: 'https://ray.acme.dev', auth: mlops.Auth.bearer(secret(scope)), entrypoint: 'python -m fraud.train', gpus: 1,
  })),
  'model trainer databricks': kit.modelTrainer((scope, { artifactStore }) => new mlops.DatabricksModelTrainer(scope, 'Trainer', {
    artifactStore, url: 'https://acme.cloud.databricks.com', job: 411, auth: mlops.Auth.bearer(secret(scope)),
  })),
  'model trainer databricks, service principal': kit.modelTrainer((scope, { artifactStore }) => new mlops.DatabricksModelTrainer(scope, 'Trainer', {
    artifactStore, url: 'https://acme.cloud.databricks.com', job: 411, auth: mlops.DatabricksWorkspace.servicePrincipal('0b1c', secret(scope)),
  })),
  'model trainer https': kit.modelTrainer((scope, { artifactStore }) => new mlops.HttpsModelTrainer(scope, 'Trainer', {
    artifactStore, url: 'https://jobs.acme.dev', auth: mlops.Auth.bearer(secret(scope)), submit: { path: '/jobs', body: { name: '{% $key %}', input: '{% $inputs %}', args: '{% $hyperparameters %}' }, existsStatus: 409 },
    status: { path: "{% '/jobs/' & $job %}", state: '{% $states.result.ResponseBody.state %}', succeeded: ['done'], failed: ['failed'] }, cancel: { path: "{% '/jobs/' & $job %}", method: 'DELETE' },
  })),
  'model trainer prefect': kit.modelTrainer((scope, { artifactStore }) => new mlops.PipelineModelTrainer(scope, 'Trainer', {
    orchestrator: new mlops.PrefectOrchestrator(scope, 'Orchestrator', { artifactStore, url: 'https://prefect.acme.dev/api' }), pipeline: 'train/nightly',
  })),
  'model trainer zenml': kit.modelTrainer((scope, { artifactStore }) => new mlops.PipelineModelTrainer(scope, 'Trainer', {
    orchestrator: new mlops.ZenmlOrchestrator(scope, 'Orchestrator', { artifactStore, url: 'https://zenml.acme.dev', deployments: { train: 'https://train.acme.dev' } }), pipeline: 'train',
  })),
  'model trainer airflow': kit.modelTrainer((scope, { artifactStore }) => new mlops.PipelineModelTrainer(scope, 'Trainer', {
    orchestrator: new mlops.AirflowOrchestrator(scope, 'Orchestrator', { artifactStore, url: 'https://airflow.acme.dev', auth: mlops.Auth.bearer(secret(scope)) }), pipeline: 'nightly',
  })),
  'model trainer dagster': kit.modelTrainer((scope, { artifactStore }) => new mlops.PipelineModelTrainer(scope, 'Trainer', {
    orchestrator: new mlops.DagsterOrchestrator(scope, 'Orchestrator', { artifactStore, url: 'https://dagster.acme.dev' }), pipeline: 'fraud/nightly',
  })),

  'model registry sagemaker': kit.modelRegistry(scope => new mlops.SageMakerModelRegistry(scope, 'Registry')),
  'model registry sagemaker, existing': kit.modelRegistry(scope => mlops.SageMakerModelRegistry.fromGroupName(scope, 'Registry', 'fraud')),
  'model registry mlflow': kit.modelRegistry(scope => new mlops.MlflowModelRegistry(scope, 'Registry', {
    url: 'https://mlflow.acme.dev', model: 'fraud', auth: mlops.Auth.basic('ml', secret(scope), 'password'), webhookSecret: secret(scope, 'Signing'),
  })),
  'model registry hugging-face': kit.modelRegistry(scope => new mlops.HuggingFaceModelRegistry(scope, 'Registry', {
    repository: 'acme/fraud', token: secret(scope), tokenField: 'token', webhookSecret: secret(scope, 'Webhooks'),
  })),
  'model registry wandb': kit.modelRegistry(scope => new mlops.WandbModelRegistry(scope, 'Registry', {
    collection: 'acme/models/fraud', registry: 'model', apiKey: secret(scope), apiKeyField: 'key', webhookSecret: secret(scope, 'Webhooks'),
  })),

  'model endpoint sagemaker': kit.capturingEndpoint((scope, { artifactStore }) => new mlops.SageMakerModelEndpoint(scope, 'Endpoint', { artifactStore, modelUri: artifactStore.uriFor('training/model.tar.gz') })),
  'model endpoint sagemaker, existing': kit.modelEndpoint(scope => mlops.SageMakerModelEndpoint.fromEndpointName(scope, 'Endpoint', 'fraud')),
  'model endpoint sagemaker, deployable': kit.deployableEndpoint((scope, { artifactStore }) => new mlops.DeployableSageMakerEndpoint(scope, 'Endpoint', { artifactStore })),
  'model endpoint sagemaker, deployable, capturing': kit.capturingEndpoint((scope, { artifactStore }) => new mlops.DeployableSageMakerEndpoint(scope, 'Endpoint', { artifactStore })),
  'model endpoint https, by a token': kit.modelEndpoint(scope => new mlops.HttpsModelEndpoint(scope, 'Endpoint', {
    url: 'https://models.acme.dev', auth: mlops.Auth.exchange(mlops.Auth.body('password', secret(scope)), { address: '/auth/token', body: { username: 'ml' } }),
  })),
  'model endpoint https, by OAuth': kit.modelEndpoint(scope => new mlops.HttpsModelEndpoint(scope, 'Endpoint', {
    url: 'https://models.acme.dev', auth: mlops.Auth.oauth('client', secret(scope), { address: 'https://login.acme.dev/token', scope: 'models' }),
  })),
  'model endpoint https, signed': kit.modelEndpoint(scope => new mlops.HttpsModelEndpoint(scope, 'Endpoint', {
    url: 'https://models.acme.dev', auth: mlops.Auth.sigv4(secret(scope), { region: 'eu-west-1', service: 'execute-api' }),
  })),
  'model endpoint open-inference': kit.modelEndpoint(scope => new mlops.OpenInferenceEndpoint(scope, 'Endpoint', { url: 'https://inference.acme.dev', model: 'fraud' })),
  'model endpoint open-inference, deployable': kit.deployableEndpoint((scope, { artifactStore }) => new mlops.DeployableOpenInferenceEndpoint(scope, 'Endpoint', {
    url: 'https://inference.acme.dev', model: 'fraud', repository: artifactStore, auth: mlops.Auth.header('X-Api-Key', secret(scope)),
  })),

  'model endpoint https': kit.modelEndpoint(scope => new mlops.HttpsModelEndpoint(scope, 'Endpoint', { url: 'https://inference.acme.dev', path: '/score', auth: mlops.Auth.bearer(secret(scope)) })),

  'model endpoint openai': kit.modelEndpoint(scope => new mlops.OpenAiModelEndpoint(scope, 'Endpoint', { model: 'small', auth: mlops.Auth.bearer(secret(scope)) })),
  'model endpoint openai, embeddings': kit.modelEndpoint(scope => new mlops.OpenAiModelEndpoint(scope, 'Endpoint', {
    model: 'small', url: 'https://llm.acme.dev/v1', auth: mlops.Auth.header('api-key', secret(scope)), task: mlops.OpenAiTask.EMBEDDING,
  })),
  'model endpoint hugging-face': kit.modelEndpoint(scope => new mlops.HuggingFaceModelEndpoint(scope, 'Endpoint', {
    endpoint: 'acme/fraud', url: 'https://fraud.us-east-1.aws.endpoints.huggingface.cloud', token: secret(scope),
  })),

  'model monitor cloudwatch': kit.modelMonitor((scope, { modelEndpoint }) => new mlops.CloudWatchModelMonitor(scope, 'Monitor', { endpoint: modelEndpoint })),
  'model monitor otlp': kit.driftMonitor((scope, { modelEndpoint }) => new mlops.OtlpModelMonitor(scope, 'Monitor', {
    endpoint: modelEndpoint, url: 'https://otlp.acme.dev', auth: mlops.Auth.header('dd-api-key', secret(scope)), webhookSecret: secret(scope, 'Webhook'), webhookSecretField: 'webhook',
  })),
  'model monitor evidently': kit.driftMonitor((scope, { modelEndpoint }) => new mlops.EvidentlyModelMonitor(scope, 'Monitor', {
    endpoint: modelEndpoint, url: 'https://evidently.acme.dev', collectorUrl: 'https://collector.acme.dev', collector: 'fraud', project: '01a2157b-b2e1-7128-9f4f-796b01eebe83', secret: secret(scope),
  })),
  'model monitor phoenix': kit.modelMonitor((scope, { modelEndpoint }) => new mlops.PhoenixModelMonitor(scope, 'Monitor', {
    endpoint: modelEndpoint, url: 'https://phoenix.acme.dev', project: 'fraud', apiKey: secret(scope),
  })),
  'model monitor fiddler': kit.driftMonitor((scope, { modelEndpoint }) => new mlops.FiddlerModelMonitor(scope, 'Monitor', {
    endpoint: modelEndpoint, url: 'https://acme.fiddler.ai', model: 'd30bc065-a2ca-461e-bdcc-56d47c85d2a3', alertRules: { drift: '1d7f6e2c-39a1-4b0e-9a66-0c5a9f1d2b3c' }, apiKey: secret(scope),
  })),
  'model monitor fiddler-partner-app': kit.driftMonitor((scope, { modelEndpoint }) => new mlops.FiddlerPartnerAppModelMonitor(scope, 'Monitor', {
    appArn: 'arn:aws:sagemaker:eu-west-1:123456789012:partner-app/app-ABC123', url: 'https://app-abc123.partner-app.sagemaker.eu-west-1.aws.dev',
    endpoint: modelEndpoint, model: 'd30bc065-a2ca-461e-bdcc-56d47c85d2a3', alertRules: { drift: '1d7f6e2c-39a1-4b0e-9a66-0c5a9f1d2b3c' }, apiKey: secret(scope),
  })),
  'model monitor whylabs': kit.driftMonitor((scope, { modelEndpoint }) => new mlops.WhyLabsModelMonitor(scope, 'Monitor', {
    endpoint: modelEndpoint, url: 'https://whylabs.acme.dev', organization: 'org-0', dataset: 'model-1', apiKey: secret(scope),
    containerUrl: 'https://whylogs.acme.dev', containerPassword: secret(scope, 'Password'),
  })),
  'model monitor cloudwatch, existing': kit.modelMonitor(scope => mlops.CloudWatchModelMonitor.fromAlarms(scope, 'Monitor', {
    alarms: [cloudwatch.Alarm.fromAlarmName(scope, 'Alarm', 'errors')], dashboardName: 'fraud',
  })),

  'orchestrator step-functions': kit.pipelineOrchestrator(scope => {
    const orchestrator = new mlops.StepFunctionsOrchestrator(scope, 'Orchestrator');
    orchestrator.addPipeline(kit.PIPELINE, { definition: new sfn.Pass(scope, 'Nothing') });
    return orchestrator;
  }),
  'orchestrator prefect': kit.orchestrator((scope, { artifactStore }) => new mlops.PrefectOrchestrator(scope, 'Orchestrator', {
    artifactStore, url: 'https://prefect.acme.dev/api', auth: mlops.Auth.basic('ml', secret(scope), 'password'),
  })),
  'orchestrator zenml': kit.orchestrator((scope, { artifactStore }) => new mlops.ZenmlOrchestrator(scope, 'Orchestrator', {
    artifactStore, url: 'https://zenml.acme.dev', deployments: { [kit.PIPELINE]: 'https://train.acme.dev' },
    auth: mlops.Auth.bearer(secret(scope), 'key'), deploymentAuth: mlops.Auth.bearer(secret(scope, 'DeploymentSecret'), 'deploymentKey'),
  })),
  'orchestrator airflow': kit.orchestrator((scope, { artifactStore }) => new mlops.AirflowOrchestrator(scope, 'Orchestrator', {
    artifactStore, url: 'https://airflow.acme.dev', auth: mlops.AirflowOrchestrator.login('ml', secret(scope), 'password'),
  })),
  'orchestrator dagster': kit.orchestrator((scope, { artifactStore }) => new mlops.DagsterOrchestrator(scope, 'Orchestrator', {
    artifactStore, url: 'https://acme.dagster.cloud/prod', auth: mlops.Auth.header('Dagster-Cloud-Api-Token', secret(scope)),
  })),
};

function secret(scope: Construct, id: string = 'Secret') {
  return secretsmanager.Secret.fromSecretNameV2(scope, id, 'acme/vendor');
}
