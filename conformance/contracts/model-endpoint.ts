import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Step } from '../../constructs/core';
import { ICapturingEndpoint, IDeployableEndpoint, IModelEndpoint } from '../../constructs/model-endpoint/model-endpoint';
import { Contract, given, TIMEOUT, Verb } from '../contract';
import { StandIn } from '../stand-in';

const INFERRED = ['predictions'];
const DEPLOYED = ['endpoint', 'version'];
const CAPTURED = ['address', 'size', 'at'];

/** Deployable and capturing, both. */
export class StandInModelEndpoint extends StandIn implements IDeployableEndpoint, ICapturingEndpoint {
  public readonly capturePercentage: number = 100;
  public readonly captureUri: string = 's3://stand-in/capture';

  public infer(scope: Construct, id: string): Step {
    return this.step(scope, id, INFERRED);
  }

  public deploy(scope: Construct, id: string): Step {
    return this.step(scope, id, DEPLOYED);
  }

  public onCaptured(id: string, target?: events.IRuleTarget): events.Rule {
    return this.rule(id, CAPTURED, target);
  }

  public capturePolicies(): iam.PolicyStatement[] {
    return [];
  }

  public metricInvocations(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Invocations', options);
  }

  public metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Errors', options);
  }

  public metricLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Latency', options);
  }

  private metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({ namespace: 'StandIn', metricName, ...options });
  }
}

const infer: Verb<IModelEndpoint> = {
  step: (endpoint, scope, id) => endpoint.infer(scope, id, { instances: given('instances'), timeout: TIMEOUT }),
  request: ['instances'], result: INFERRED,
};

const MODEL_ENDPOINT_BASE = {
  component: 'model-endpoint',
  standIn: (scope: Construct) => new StandInModelEndpoint(scope, 'StandIn'),
};

export const MODEL_ENDPOINT: Contract<IModelEndpoint> = { ...MODEL_ENDPOINT_BASE, verbs: { infer }, events: {} };

export const DEPLOYABLE_ENDPOINT: Contract<IDeployableEndpoint> = {
  ...MODEL_ENDPOINT_BASE,
  verbs: {
    infer,
    deploy: {
      step: (endpoint, scope, id, { artifactStore }) => endpoint.deploy(scope, id, {
        version: given('version'), modelUri: given('modelUri'), image: given('image'), sample: given('sample'), store: artifactStore, timeout: TIMEOUT,
      }),
      // Where the endpoint has its own way to serve, it leaves the image be.
      request: ['version', 'modelUri', 'sample'], result: DEPLOYED,
    },
  },
  events: {},
};

export const CAPTURING_ENDPOINT: Contract<ICapturingEndpoint> = {
  ...MODEL_ENDPOINT_BASE,
  verbs: { infer },
  events: { onCaptured: { rule: (endpoint, id, target) => endpoint.onCaptured(id, target), payload: CAPTURED } },
  policies: endpoint => endpoint.capturePolicies(),
  properties: { 'properties: capture': capture, 'properties: metrics': metrics },
};

function capture({ capturePercentage, captureUri }: ICapturingEndpoint) {
  if (!Number.isInteger(capturePercentage) || capturePercentage < 0 || capturePercentage > 100) throw new Error(`'capturePercentage' must be from 0 to 100, got ${capturePercentage}`);
  if (!/^s3:\/\/[^/]+/.test(captureUri)) throw new Error(`'captureUri' must be an s3:// address, got '${captureUri}'`);
}

function metrics(endpoint: ICapturingEndpoint) {
  const period = Duration.minutes(7);
  for (const name of ['metricInvocations', 'metricErrors', 'metricLatency'] as const) {
    const metric = endpoint[name]({ period, statistic: 'Maximum' });
    if (metric.period.toSeconds() !== period.toSeconds() || metric.statistic !== 'Maximum') {
      throw new Error(`'${name}' must take the period and the statistic that it is given, got ${metric.period.toSeconds()} s and ${metric.statistic}`);
    }
  }
}
