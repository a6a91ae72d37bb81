import { S3ArtifactStore, S3CompatibleArtifactStore, Step } from '../../lib';
import { bucket, duration, key, mostly, props, removalPolicy, secret, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';
import { machine } from './machine';
import { usualUrl } from './urls';
import * as fc from 'fast-check';

const folder = fc.oneof(fc.constantFrom('ml/', 'a/b/', '', '/', 'ml', 'ml//', ' /'), textOrReference);

fuzz('S3ArtifactStore', props({}, { encryptionKey: key, keepOldVersions: duration(0, 1, 86400, 86400 * 90, 86400 * 36500), removalPolicy }), (stack, given) => {
  new S3ArtifactStore(stack, 'Store', given);
});

fuzz('S3ArtifactStore.fromBucket', props({ bucket }, { prefix: folder }), (stack, given) => {
  S3ArtifactStore.fromBucket(stack, 'Store', given).onObjectCreated('New', { prefix: 'in/' });
});

const name = mostly(['acme-data', 'a.b-1', 'a..b', 'Acme']);
const field = mostly(['key_id', 'a.b/c']);

fuzz('S3CompatibleArtifactStore', props({ url: usualUrl, bucket: name, keys: secret }, { prefix: mostly(['ml/', 'a/b/', ''], folder), region: mostly(['auto', 'eu-west-1']), accessKeyIdField: field, secretAccessKeyField: field }), (stack, given) => {
  machine(stack, new Step(stack, 'Read', { calls: [new S3CompatibleArtifactStore(stack, 'Store', given).read('object', 'a.json').call], result: {} }));
});

fuzz('IArtifactStore.onObjectCreated', props({}, { prefix: textOrReference }), (stack, given) => {
  new S3ArtifactStore(stack, 'Store').onObjectCreated('New', given);
});

fuzz('IArtifactStore.uriFor', props({ path: textOrReference }), (stack, given) => {
  stack.exportValue(new S3ArtifactStore(stack, 'Store').uriFor(given?.path), { name: 'Uri' });
});
