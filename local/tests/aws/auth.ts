/** State machines that wait for a job of a service, whose secret is rotated: `auth.ts <folder for the assembly> <bucket> <the service's URL>`. */
import { App, CfnOutput, DefaultStackSynthesizer, SecretValue, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Auth, ExternalEndpoint, SecretRotation, Step } from '../../../lib';

const [outdir, bucket, url] = process.argv.slice(2);
const app = new App({ outdir });
const stack = new Stack(app, 'auth', { synthesizer: new DefaultStackSynthesizer({ fileAssetsBucketName: bucket, generateBootstrapVersionRule: false }) });
new SecretRotation(stack, 'SecretRotation');
const secret = new secretsmanager.Secret(stack, 'Secret', { secretObjectValue: { password: SecretValue.unsafePlainText('first-password-0123') } });
new CfnOutput(stack, 'SecretArn', { value: secret.secretArn });

const basic = Auth.basic('ml', secret, 'password');
const auths: { [name: string]: Auth } = {
  Basic: basic,
  Read: Auth.readWhenUsed(basic),
  Token: Auth.exchange(basic, { address: '/token', form: true }),
  OAuth: Auth.oauth('ml', secret, { address: '/oauth', field: 'password' }),
};
for (const [name, auth] of Object.entries(auths)) {
  const owner = new Construct(stack, name);
  const service = new ExternalEndpoint(url, auth);
  const step = new Step(owner, 'Work', {
    calls: [
      { ...service.request(owner, 'submitted', { path: '/jobs', body: { name: Step.RUN_ID }, accept: ['States.Http.StatusCode.409'] }), acceptCause: 'exists already' },
      service.request(owner, 'job', { path: '/jobs/last', value: '{% $states.result.ResponseBody.status %}', until: "{% $job = 'done' %}" }),
      service.request(owner, 'missing', { path: '/missing', accept: ['States.Http.StatusCode.404'] }),
    ],
    result: { submitted: '{% $submitted.Error %}', missing: '{% $missing.Error %}' },
  });
  const { stateMachineArn } = new sfn.StateMachine(owner, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });
  new CfnOutput(stack, `${name}Arn`, { value: stateMachineArn }).overrideLogicalId(name);
}
app.synth();
