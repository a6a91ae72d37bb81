/** Prints the template of a stack whose state machines run the flows of flow.py: `app.ts <bucket> <url of the API>`. */
import { App, CfnOutput, Duration, LegacyStackSynthesizer, SecretValue, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Auth, IOrchestrator, PrefectOrchestrator, S3ArtifactStore, Step } from '../../../../lib';

const [bucket, url] = process.argv.slice(2);
const stack = new Stack(new App(), 'prefect', { synthesizer: new LegacyStackSynthesizer() });
const secret = new secretsmanager.Secret(stack, 'Secret', { secretObjectValue: { password: SecretValue.unsafePlainText('s3cr3t'), wrong: SecretValue.unsafePlainText('wrong') } });
const artifactStore = S3ArtifactStore.fromBucket(stack, 'Store', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', bucket), prefix: 'ml/' });
const orchestrator: IOrchestrator = new PrefectOrchestrator(stack, 'Orchestrator', { url, artifactStore, auth: Auth.basic('ml', secret, 'password') });
const stranger: IOrchestrator = new PrefectOrchestrator(stack, 'Stranger', { url, artifactStore, auth: Auth.basic('ml', secret, 'wrong') });

const given = (name: string) => `{% $states.context.Execution.Input.${name} %}`;
const input = { data: given('data'), wait: given('wait') };
const result = { modelUri: '{% $output.modelUri %}', accuracy: '{% $output.metrics.accuracy %}' };
const steps: { [name: string]: Step } = {
  Run: orchestrator.run(stack, 'Run', { pipeline: 'train/nightly', input, result, timeout: Duration.minutes(5) }),
  Late: orchestrator.run(stack, 'Late', { pipeline: 'train/nightly', input, timeout: Duration.seconds(2) }),
  Wrong: orchestrator.run(stack, 'Wrong', { pipeline: 'train/nightly', input: { c: 'much', ...input } }),
  Unknown: orchestrator.run(stack, 'Unknown', { pipeline: 'nobody' }),
  Forget: orchestrator.run(stack, 'Forget', { pipeline: 'forget' }),
  Refused: stranger.run(stack, 'Refused', { pipeline: 'forget' }),
  Inspect: orchestrator.inspect(stack, 'Inspect', { run: given('run') }),
  Cancel: orchestrator.cancel(stack, 'Cancel', { run: given('run') }),
};
for (const [name, step] of Object.entries(steps)) {
  const machine = new sfn.StateMachine(stack, `${name}Machine`, { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });
  new CfnOutput(stack, `${name}Arn`, { value: machine.stateMachineArn }).overrideLogicalId(name);
}
console.log(JSON.stringify(Template.fromStack(stack).toJSON()));
