/** State machines that work with an Inference Endpoint: its own address and that of the API that manages it are one, before the paths. */
import { SecretValue } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { HuggingFaceModelEndpoint, IModelEndpoint } from '../../../../lib';
import { app, given } from '../app';

app('inference-endpoints', (stack, url) => {
  const token = new secretsmanager.Secret(stack, 'Token', { secretStringValue: SecretValue.unsafePlainText('token-of-the-test') });
  const managed = new HuggingFaceModelEndpoint(stack, 'Endpoint', { endpoint: 'acme/fraud', url, token, parameters: { top_k: 1 }, managementUrl: `${url}/v2` });
  const endpoint: IModelEndpoint = managed;
  return {
    Infer: endpoint.infer(stack, 'Infer', { instances: given('rows') }),
    DeployRevision: managed.deployRevision(stack, 'DeployRevision', { revision: given('revision') }),
    Pause: managed.pause(stack, 'Pause'),
    Resume: managed.resume(stack, 'Resume'),
  };
});
