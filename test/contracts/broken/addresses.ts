import { s3ArtifactStore } from '../../../conformance';
import { S3ArtifactStore } from '../../../lib';

class Broken extends S3ArtifactStore {
  public override get uri(): string {
    return `s3://${this.bucketName}/`;
  }
}

export const cases = s3ArtifactStore(scope => new Broken(scope, 'Store'));
export const fails = { 'properties: addresses': /^'uri' must be s3:\/\/<bucketName>\[\/<prefix>\] without a '\/' at the end, 's3:\/\/\$\{Token\[.*\]\}', got 's3:\/\/\$\{Token\[.*\]\}\/'$/ };
