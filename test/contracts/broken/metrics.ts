import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { capturingEndpoint } from '../../../conformance';
import { SageMakerModelEndpoint } from '../../../lib';

class Broken extends SageMakerModelEndpoint {
  public override metricErrors(): cloudwatch.Metric {
    return super.metricErrors();
  }
}

export const cases = capturingEndpoint((scope, { artifactStore }) => new Broken(scope, 'Endpoint', { artifactStore, modelUri: 's3://acme/model.tar.gz' }));
export const fails = { 'properties: metrics': "'metricErrors' must take the period and the statistic that it is given, got 300 s and Sum" };
