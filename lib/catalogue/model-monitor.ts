import { Duration } from 'aws-cdk-lib';
import { ICapturingEndpoint, IModelEndpoint } from '../../constructs/model-endpoint';
import { CloudWatchModelMonitor, IModelMonitor } from '../../constructs/model-monitor';
import { Providers } from './provider';

export const MONITORS: Providers<IModelMonitor | undefined, { endpoint: IModelEndpoint }> = {
  cloudwatch: {
    fields: z => ({ maxErrorPercentage: z.number().optional(), maxLatencyMs: z.number().min(1).optional() }),
    props: { maxLatency: 'maxLatencyMs' },
    create: (scope, id, { maxErrorPercentage, maxLatencyMs }, context) => {
      const endpoint = context.endpoint as ICapturingEndpoint;
      if (!endpoint.capturePercentage) {
        throw new Error("'provider' must be none for an endpoint that captures no traffic, got 'cloudwatch': or take an endpoint that captures some ('capturePercentage' of provider sagemaker)");
      }
      return new CloudWatchModelMonitor(scope, id, { endpoint, maxErrorPercentage, maxLatency: maxLatencyMs === undefined ? undefined : Duration.millis(maxLatencyMs) });
    },
  },
  none: { fields: () => ({}), create: () => undefined },
};
