/** A store that is not AWS's, as a client finds it, and steps that read what a job has left there. */
import { SecretValue } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { IArtifactStore, Publication, S3CompatibleArtifactStore, Step } from '../../../../lib';
import { app } from '../app';

app('s3-compatible', (stack, url) => {
  const keys = (id: string, accessKeyId: string, secretAccessKey: string) => new Secret(stack, id, {
    secretObjectValue: { accessKeyId: SecretValue.unsafePlainText(accessKeyId), secretAccessKey: SecretValue.unsafePlainText(secretAccessKey) },
  });
  const props = { url, bucket: 'models', prefix: 'ml/' };
  const store: IArtifactStore = new S3CompatibleArtifactStore(stack, 'Foreign', { ...props, keys: keys('Keys', 'vendors', 's3cr3t-of-the-store') });
  const stranger: IArtifactStore = new S3CompatibleArtifactStore(stack, 'Stranger', { ...props, keys: keys('WrongKeys', 'vendors', 'wrong') });
  new Publication(stack, 'Publish', { component: 'artifact-store', of: store });

  const read = (id: string, from: IArtifactStore, value: (text: string) => any) => {
    const { call, text } = from.read('object', 'data sets/', '{% $states.context.Execution.Input.file %}');
    return new Step(stack, id, { calls: [{ ...call, value: value(text) }], result: { value: '{% $object %}' } });
  };
  return {
    Text: read('Text', store, text => `{% ${text} %}`),
    Outputs: read('Outputs', store, text => ({ modelUri: `{% $parse(${text}).modelUri %}`, metrics: `{% $parse(${text}).metrics %}` })),
    Refused: read('Refused', stranger, text => `{% ${text} %}`),
  };
});
