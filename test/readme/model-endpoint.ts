import { App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint, HttpsModelEndpoint, IDeployableEndpoint, S3ArtifactStore } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const store = new S3ArtifactStore(stack, 'ArtifactStore');
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/models');

const endpoint: IDeployableEndpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store });
// or, the whole swap:
const other: IDeployableEndpoint = new DeployableOpenInferenceEndpoint(stack, 'OtherEndpoint', {
  url: 'https://models.acme.dev', model: 'fraud', repository: store, auth: Auth.bearer(secret),
});

// MLflow's scoring server
new HttpsModelEndpoint(stack, 'Mlflow', { url: 'https://models.acme.dev', path: '/invocations', request: { inputs: '{% $instances %}' } });
// an OpenAI-compatible server: one embedding a text
new HttpsModelEndpoint(stack, 'Embeddings', {
  url: 'https://llm.acme.dev/v1', path: '/embeddings', auth: Auth.bearer(secret),
  request: { model: 'small', input: '{% $instances %}' }, predictions: '{% $map($states.result.ResponseBody.data, function($it) { $it.embedding })[] %}',
});

export const all = [endpoint, other];
