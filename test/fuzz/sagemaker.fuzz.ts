import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Stack } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { S3ArtifactStore, SageMakerImage, SageMakerModelEndpoint } from '../../lib';
import { props, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';
import { recipe } from './recipe';

/** An endpoint that serves with the image. */
function serve(stack: Stack, image: SageMakerImage) {
  new SageMakerModelEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'Store'), modelUri: 's3://acme/model.tar.gz', image });
}

const DIGEST = `sha256:${'0a'.repeat(32)}`;
const repository = fc.oneof(
  recipe('a repository', (stack, id) => new ecr.Repository(stack, id)), recipe('a repository that exists', (stack, id) => ecr.Repository.fromRepositoryName(stack, id, 'acme/model')),
);

fuzz('SageMakerImage.scikitLearn', props({}, { version: fc.oneof(fc.constantFrom('1.4-2', '1.2-1', '1.0-1', '1.4', 'latest'), textOrReference) }), (stack, given) => serve(stack, SageMakerImage.scikitLearn(given?.version)));

fuzz('SageMakerImage.fromEcr', props({ repository }, { tag: fc.oneof(fc.constantFrom('latest', 'v1', DIGEST, 'sha256:1', ':', '-x'), textOrReference) }), (stack, given) => serve(stack, SageMakerImage.fromEcr(given?.repository, given?.tag)));

const HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const uri = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(`${HOST}/a:b`, `${HOST}/team/model@${DIGEST}`, `${HOST}/a`, '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a:1') },
  { weight: 1, arbitrary: fc.constantFrom(`${HOST}/*`, `${HOST}/A`, `${HOST}/a:b c`, `${HOST}/`, `${HOST}/a@b`, 'python:3.12', `x${HOST}/a`, `${HOST}/a\n`, `${HOST}/\${x}`) },
  { weight: 1, arbitrary: textOrReference },
);

fuzz('SageMakerImage.fromUri', props({ uri }), (stack, given) => serve(stack, SageMakerImage.fromUri(given?.uri)));
