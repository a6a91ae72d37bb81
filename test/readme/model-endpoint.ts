import { App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint, IDeployableEndpoint, S3ArtifactStore } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const store = new S3ArtifactStore(stack, 'ArtifactStore');
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/models');

const endpoint: IDeployableEndpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store });
// or, the whole swap:
const other: IDeployableEndpoint = new DeployableOpenInferenceEndpoint(stack, 'OtherEndpoint', {
  url: 'https://models.acme.dev', model: 'fraud', repository: store, auth: Auth.bearer(secret),
});

export const all = [endpoint, other];
