import { AwsPlatform, VendorPlatform } from '../../examples/bring-your-own-vendor/platform';
import { definitionOf, states } from '../../conformance/template';
import { IDeployableEndpoint, S3ArtifactStore } from '../../lib';
import { Snapshot, strays } from '../swap/difference';
import { SECTIONS } from '../swap/matrix';

/** The platform with the one vendor alone. */
class TrackerPlatform extends VendorPlatform {
  protected override endpoint(store: S3ArtifactStore): IDeployableEndpoint {
    return AwsPlatform.prototype['endpoint'].call(this, store);
  }
}

const [aws, tracker, vendor] = [AwsPlatform, TrackerPlatform, VendorPlatform].map(Platform => Snapshot.of(app => new Platform(app, 'platform')));

test.each([
  ['tracker', aws, tracker, { ...SECTIONS.tracker, names: ['vendor/mlflow'] }],
  ['endpoint', tracker, vendor, { ...SECTIONS.endpoint, names: ['inference.example.org'] }],
])('the swap of the %s shows in what is its own, and nowhere else', (_component, before, after, swapped) => {
  expect(after.resources).not.toEqual(before.resources);
  expect(strays(before, after, swapped)).toEqual([]);
});

test('of the training, the environment that the tracker binds to the job changes', () => {
  const [before, after] = [aws, tracker].map(({ resources }) => states(definitionOf(resources['Orchestrator/training/Resource']))['Train: job'].Arguments.Environment);

  expect(Object.keys({ ...before, ...after }).filter(name => before[name] !== after[name]).sort()).toEqual(['MLFLOW_TRACKING_URI', 'MLFLOW_TRACKING_USERNAME', 'MLOPS_SECRET_MLFLOW_TRACKING_PASSWORD']);
});
