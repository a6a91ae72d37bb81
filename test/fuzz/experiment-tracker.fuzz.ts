import * as fc from 'fast-check';
import { MlflowExperimentTracker, Publication, SageMakerExperimentTracker } from '../../lib';
import { auth, props, removalPolicy, store, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';
import { url } from './urls';

const appArn = fc.oneof({ weight: 3, arbitrary: fc.constant('arn:aws:sagemaker:us-east-1:123456789012:mlflow-app/app-ABC123') }, { weight: 1, arbitrary: textOrReference });

fuzz('SageMakerExperimentTracker', props({ artifactStore: store }, { experiment: textOrReference, removalPolicy }), (stack, given) => {
  new Publication(stack, 'Publication', { component: 'experiment-tracker', of: new SageMakerExperimentTracker(stack, 'Tracker', given) });
});

fuzz('SageMakerExperimentTracker.fromApp', props({ appArn, artifactStore: store }, { experiment: textOrReference }), (stack, given) => {
  new Publication(stack, 'Publication', { component: 'experiment-tracker', of: SageMakerExperimentTracker.fromApp(stack, 'Tracker', given) });
});

fuzz('MlflowExperimentTracker', props({ url }, { auth, experiment: textOrReference }), (stack, given) => {
  new Publication(stack, 'Publication', { component: 'experiment-tracker', of: new MlflowExperimentTracker(stack, 'Tracker', given) });
});
