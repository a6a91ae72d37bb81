import { App, Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { CloudWatchModelMonitor, DeployableSageMakerEndpoint, IModelMonitor, S3ArtifactStore } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'ArtifactStore') });
const topic = new sns.Topic(stack, 'Alerts');

const monitor: IModelMonitor = new CloudWatchModelMonitor(stack, 'Monitor', { endpoint });
monitor.onUnhealthy('Unhealthy', new targets.SnsTopic(topic));
