import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint, IModelTrainer, Jsonata, PrivateLink, SecretRotation, Step, StepFunctionsOrchestrator, TrainOptions } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/jobs');

class AcmeModelTrainer extends Construct implements IModelTrainer {
  private readonly acme = new ExternalEndpoint('https://api.acme.dev/v1', Auth.bearer(secret));

  public train(scope: Construct, id: string, options: TrainOptions): Step {
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [
        this.acme.request(this, 'submitted', {
          path: '/jobs', body: { name: Step.KEY, inputs: options.inputs }, accept: ['States.Http.StatusCode.409'],
        }),
        this.acme.request(this, 'job', {
          path: Jsonata.join('/jobs/', Step.KEY), value: '{% $states.result.ResponseBody %}',
          until: "{% $job.status = 'done' %}", failed: "{% $job.status = 'failed' %}",
        }),
      ],
      result: {
        jobName: '{% $job.name %}', modelUri: '{% $job.model %}', metrics: '{% $job.metrics %}', image: '',
      },
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    return { provider: 'acme', address: this.acme.url, variables: { ACME_URL: this.acme.url }, secrets: { ACME_TOKEN: { secret } } };
  }
}

const trainer: IModelTrainer = new AcmeModelTrainer(stack, 'Trainer');
new StepFunctionsOrchestrator(stack, 'Orchestrator').addPipeline('nightly', { definition: trainer.train(stack, 'Train', {}) });

const owner = new Construct(stack, 'Reports');

const airflow = new ExternalEndpoint('https://airflow.acme.dev', Auth.exchange(Auth.body('password', secret, 'password'), {
  address: '/auth/token', body: { username: 'ml' },
}));
const report = airflow.request(owner, 'report', { path: '/api/v2/report', timeout: Duration.minutes(10), select: '{% summary %}' });

const step = new Step(stack, 'Report', { calls: [report], result: { summary: '{% $report.ResponseBody %}' } });
new StepFunctionsOrchestrator(stack, 'Reporter').addPipeline('report', { definition: step });

const rotated = new Stack(new App(), 'rotated');
new SecretRotation(rotated, 'SecretRotation');

const isolated = new Stack(new App(), 'isolated');
const vpc = ec2.Vpc.fromVpcAttributes(isolated, 'Vpc', { vpcId: 'vpc-12345678', availabilityZones: ['us-east-1a'], privateSubnetIds: ['subnet-12345678'] });
const jobs = ec2.SecurityGroup.fromSecurityGroupId(isolated, 'Jobs', 'sg-12345678');
const link = new PrivateLink(isolated, 'Prefect', {
  vpc,
  services: [{ name: 'com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f60718', hosts: ['api.prefect.cloud'] }],
});
link.connections.allowDefaultPortFrom(jobs);
