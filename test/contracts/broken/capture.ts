import { capturingEndpoint } from '../../../conformance';
import { SageMakerModelEndpoint } from '../../../lib';

class Broken extends SageMakerModelEndpoint {
  public override readonly capturePercentage = 0.5;
}

export const cases = capturingEndpoint((scope, { artifactStore }) => new Broken(scope, 'Endpoint', { artifactStore, modelUri: 's3://acme/model.tar.gz' }));
export const fails = { 'properties: capture': "'capturePercentage' must be from 0 to 100, got 0.5" };
