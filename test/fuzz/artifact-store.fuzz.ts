import { S3ArtifactStore, S3CompatibleArtifactStore, Step } from '../../lib';
import { bucket, duration, key, props, removalPolicy, secret, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';
import { url } from './urls';
import * as fc from 'fast-check';

const folder = fc.oneof(fc.constantFrom('ml/', 'a/b/', '', '/', 'ml', 'ml//', ' /'), textOrReference);

fuzz('S3ArtifactStore', props({}, { encryptionKey: key, keepOldVersions: duration(0, 1, 86400, 86400 * 90, 86400 * 36500), removalPolicy }), (stack, given) => {
  new S3ArtifactStore(stack, 'Store', given);
});

fuzz('S3ArtifactStore.fromBucket', props({ bucket }, { prefix: folder }), (stack, given) => {
  S3ArtifactStore.fromBucket(stack, 'Store', given).onObjectCreated('New', { prefix: 'in/' });
});

fuzz('S3CompatibleArtifactStore', props({ url, bucket: textOrReference, keys: secret }, { prefix: folder, region: textOrReference, accessKeyIdField: textOrReference, secretAccessKeyField: textOrReference }), (stack, given) => {
  new Step(stack, 'Read', { calls: [new S3CompatibleArtifactStore(stack, 'Store', given).read('object', 'a.json').call], result: {} });
});

fuzz('IArtifactStore.onObjectCreated', props({}, { prefix: textOrReference }), (stack, given) => {
  new S3ArtifactStore(stack, 'Store').onObjectCreated('New', given);
});

fuzz('IArtifactStore.uriFor', props({ path: textOrReference }), (stack, given) => {
  stack.exportValue(new S3ArtifactStore(stack, 'Store').uriFor(given?.path), { name: 'Uri' });
});
