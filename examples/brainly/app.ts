/** All on SageMaker, but the experiment tracker, which is a vendor's. */
import { App } from 'aws-cdk-lib';
import { MlopsStack } from '../../lib';

const app = new App();
const vendors = app.node.tryGetContext('vendors');
/** Where the vendor is: the context `vendors`, which `npm run local` fills with the server that it starts. */
const { url, username, secret } = vendors ? JSON.parse(vendors).tracker : { url: 'https://mlflow.example.org', username: 'ml', secret: 'vendor/mlflow' };
new MlopsStack(app, 'brainly', {
  settings: { tracker: { provider: 'mlflow', url, username, secret, field: 'password', experiment: 'brainly' } },
});
app.synth();
