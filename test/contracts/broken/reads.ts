import { artifactStore } from '../../../conformance';
import { ObjectRead, S3ArtifactStore } from '../../../lib';

class Broken extends S3ArtifactStore {
  public override read(name: string, path: string): ObjectRead {
    return super.read(name, path);
  }
}

export const cases = artifactStore(scope => new Broken(scope, 'Store'));
export const fails = { 'properties: reads': /^'read' must ask for 'data\/sample.csv', got / };
