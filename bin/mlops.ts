import { App } from 'aws-cdk-lib';
import { MlopsStack } from '../lib';

try {
  const app = new App();
  MlopsStack.fromFile(app, app.node.tryGetContext('config') ?? 'mlops.yaml');
  app.synth();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
