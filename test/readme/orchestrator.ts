import { App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { AirflowOrchestrator, Auth, DagsterOrchestrator, IOrchestrator, PrefectOrchestrator, S3ArtifactStore, SageMakerModelTrainer, StepFunctionsOrchestrator, ZenmlOrchestrator } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const store = new S3ArtifactStore(stack, 'ArtifactStore');
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/prefect');
const trainer = new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: store });

const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
orchestrator.addPipeline('nightly', { definition: trainer.train(stack, 'Train', { source: 'training' }) });
// a pipeline that runs another, and waits for its end:
orchestrator.addPipeline('weekly', { definition: orchestrator.run(stack, 'Nightly', { pipeline: 'nightly' }) });

const prefect: IOrchestrator = new PrefectOrchestrator(stack, 'Prefect', {
  url: 'https://prefect.acme.dev/api', artifactStore: store, auth: Auth.basic('ml', secret, 'password'),
});
const train = prefect.run(stack, 'Flow', { pipeline: 'train/nightly', input: { data: store.uriFor('data/') }, result: { modelUri: '{% $output.modelUri %}' } });
orchestrator.addPipeline('elsewhere', { definition: train });

const zenml: IOrchestrator = new ZenmlOrchestrator(stack, 'Zenml', {
  url: 'https://zenml.acme.dev', deployments: { nightly: 'https://nightly.acme.dev' }, artifactStore: store,
  auth: Auth.bearer(secret, 'key'), deploymentAuth: Auth.bearer(secret, 'deploymentKey'),
});
const deployed = zenml.run(stack, 'Deployed', { pipeline: 'nightly', input: { data: store.uriFor('data/') }, result: { modelUri: '{% $output.modelUri %}' } });
orchestrator.addPipeline('deployed', { definition: deployed });

const airflow: IOrchestrator = new AirflowOrchestrator(stack, 'Airflow', {
  url: 'https://airflow.acme.dev', artifactStore: store, auth: AirflowOrchestrator.login('ml', secret, 'password'),
});
const dag = airflow.run(stack, 'Dag', { pipeline: 'nightly', input: { data: store.uriFor('data/') } });
orchestrator.addPipeline('in-airflow', { definition: dag });

const dagster: IOrchestrator = new DagsterOrchestrator(stack, 'Dagster', {
  url: 'https://acme.dagster.cloud/prod', artifactStore: store, auth: Auth.header('Dagster-Cloud-Api-Token', secret, 'dagster'),
});
const job = dagster.run(stack, 'Job', { pipeline: 'fraud/nightly', input: { data: store.uriFor('data/') } });
orchestrator.addPipeline('in-dagster', { definition: job });
