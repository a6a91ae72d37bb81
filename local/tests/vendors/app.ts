/** The stack of a lane's app: `app.ts <folder for the assembly> <bucket> <the server's URL>`. */
import { App, CfnOutput, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { IArtifactStore, S3ArtifactStore, Step } from '../../../lib';

/** Makes a stack with one state machine for each step that `make` makes; its outputs are named after them. */
export function app(name: string, make: (stack: Stack, url: string, artifactStore: IArtifactStore) => { [name: string]: Step }): void {
  const [outdir, bucket, url] = process.argv.slice(2);
  const app = new App({ outdir });
  const stack = new Stack(app, name, { synthesizer: new DefaultStackSynthesizer({ fileAssetsBucketName: bucket, generateBootstrapVersionRule: false }) });
  const artifactStore = S3ArtifactStore.fromBucket(stack, 'Store', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', bucket), prefix: 'ml/' });
  for (const [id, step] of Object.entries(make(stack, url, artifactStore))) {
    const machine = new sfn.StateMachine(stack, `${id}Machine`, { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });
    new CfnOutput(stack, `${id}Arn`, { value: machine.stateMachineArn }).overrideLogicalId(id);
  }
  app.synth();
}

/** A field of the execution's input. */
export function given(name: string): string {
  return `{% $states.context.Execution.Input.${name} %}`;
}
