import { createHash } from 'crypto';
import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { Call, Jsonata, Step } from '../core';
import { allow, grant, grantAny, passRole, sagemakerArn } from '../core/grants';
import { AWS_ALONE, Handler } from '../core/handler';
import { check, fixed } from '../core/validation';
import { stableName } from '../sagemaker/names';
import { MODELS } from '../model-trainer/model-trainer';
import { checkDeployFromS3, DeployOptions, IDeployableEndpoint } from './model-endpoint';
import { SageMakerEndpoint, SageMakerEndpointProps } from './sagemaker-endpoint';

/** Properties of a `DeployableSageMakerEndpoint`. */
export interface DeployableSageMakerEndpointProps extends SageMakerEndpointProps {
  /**
   * At most 50 lower-case letters, digits and `-`; it never changes.
   * @default - from the construct's path
   */
  readonly endpointName?: string;
}

/** The statuses on the way from one state to another. */
const MOVING = "['Creating', 'Updating', 'SystemUpdating', 'RollingBack', 'Deleting']";

/** SageMaker reports what is not there, and what is there already, under its general error name. */
const NOT_FOUND = { accept: ['SageMaker.SageMakerException', 'SageMaker.ResourceNotFoundException'], acceptCause: '[Cc]ould not find' };
const EXISTS = { accept: ['SageMaker.SageMakerException', 'SageMaker.ResourceInUseException'], acceptCause: 'already exist' };

/**
 * Serves, as a SageMaker real-time endpoint, whichever version is deployed to it by its deploy step. There is no endpoint
 * until the first version is deployed. At `cdk destroy` the endpoint is deleted with its configs and models.
 * @see https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
 */
export class DeployableSageMakerEndpoint extends SageMakerEndpoint implements IDeployableEndpoint {
  public readonly endpointName: string;
  private readonly alarms: cloudwatch.Alarm[];
  private readonly sweep: CustomResource;

  constructor(scope: Construct, id: string, props: DeployableSageMakerEndpointProps) {
    super(scope, id, props);
    check(props, z => ({ endpointName: fixed(z, /^[a-z0-9](-*[a-z0-9]){0,49}$/, 'at most 50 lower-case letters, digits and -') }));
    this.endpointName = props.endpointName ?? stableName(this, 50);
    this.alarms = this.rollbackAlarms();
    this.sweep = this.sweepAtDestroy();
  }

  public deploy(scope: Construct, id: string, options: DeployOptions): Step {
    checkDeployFromS3(options);
    const { version, modelUri, image, sample, store, timeout = Duration.hours(2) } = options;
    if (image === undefined) throw new Error(`'image' must be given to deploy to '${this.node.path}', got none: a SageMaker model runs in a container`);
    grant(this.role, store.readPolicies(MODELS), 'loads the deployed version');
    const name = '{% $name %}';
    const endpoint = { EndpointName: this.endpointName };
    const tags = [{ Key: 'mlops:endpoint', Value: this.endpointName }];
    const missing = "$not($exists($before.EndpointStatus)) or $before.EndpointStatus = 'Failed'";
    return new Step(scope, id, {
      timeout, interval: Duration.seconds(30), variables: { name: this.versionName(version, modelUri, image) },
      calls: [
        this.call('model', 'createModel', { ModelName: name, ...this._model(image, modelUri), Tags: tags }, EXISTS),
        this.call('config', 'createEndpointConfig', {
          EndpointConfigName: name, ProductionVariants: [{ ...this._variant, ModelName: name }], DataCaptureConfig: this._capture, KmsKeyId: this.volumeKey?.keyArn, Tags: tags,
        }, EXISTS),
        this.call('before', 'describeEndpoint', endpoint, { ...NOT_FOUND, until: `{% $not($before.EndpointStatus in ${MOVING}) %}` }),
        // A failed endpoint can only be deleted.
        this.call('removed', 'deleteEndpoint', endpoint, { when: "{% $before.EndpointStatus = 'Failed' %}" }),
        this.call('gone', 'describeEndpoint', endpoint, { when: "{% $before.EndpointStatus = 'Failed' %}", until: '{% false %}', ...NOT_FOUND }),
        this.call('created', 'createEndpoint', { ...endpoint, EndpointConfigName: name, Tags: tags }, { when: `{% ${missing} %}` }),
        this.call('updated', 'updateEndpoint', { ...endpoint, EndpointConfigName: name, DeploymentConfig: this._deploymentConfig(this.alarms) },
          { when: `{% $not(${missing}) and $before.EndpointConfigName != $name %}` }),
        // Without requests while it bakes, no alarm can tell that the new version is broken.
        ...sample === undefined ? [] : [{ ...this.invocation('baked', sample), when: '{% $exists($updated.EndpointArn) %}', accept: ['States.TaskFailed'] }],
        this.call('after', 'describeEndpoint', endpoint, {
          until: "{% $after.EndpointStatus = 'InService' %}",
          repeatFrom: sample === undefined ? undefined : 'baked',
          failed: `{% $not($after.EndpointStatus in ${MOVING}) and ($after.EndpointStatus != 'InService' or $after.EndpointConfigName != $name) %}`,
          cause: "{% 'endpoint ' & $after.EndpointName & ' is ' & $after.EndpointStatus & ' on ' & $after.EndpointConfigName & ($exists($after.FailureReason) ? ': ' & $after.FailureReason : '') %}",
        }),
        ...sample === undefined ? [] : [this.invocation('answered', sample)],
      ],
      result: { endpoint: this.endpointName, version },
    });
  }

  /** The name of a version's model and config: another version, or other settings, give another. */
  private versionName(version: string, modelUri: string, image: string): string {
    const settings = Stack.of(this).resolve([this._model('', ''), this._variant, this._capture, this.volumeKey?.keyArn]);
    const digest = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 12);
    const facts = [version, modelUri, image, digest].map(Jsonata.source).join(" & ' ' & ");
    return `{% '${this.endpointName}-' & $substring($hash(${facts}, 'SHA-256'), 0, 12) %}`;
  }

  private call(name: string, action: string, args: { [name: string]: any }, more: Partial<Call>): Call {
    const operation = `${action[0].toUpperCase()}${action.slice(1)}`;
    // The sweep's reference is the endpoint's name. It makes the pipeline's policy depend on the sweep: at destroy no
    // deployment runs any more when the endpoint is swept.
    const endpoint = sagemakerArn(this, 'endpoint', this.sweep.ref);
    const [model, config] = ['model', 'endpoint-config'].map(resource => sagemakerArn(this, resource, `${this.endpointName}-*`));
    const made = { CreateModel: model, CreateEndpointConfig: config }[operation] ?? endpoint;
    // An endpoint is made, and updated, from a config: both need the permission.
    const resources = operation !== 'CreateEndpointConfig' && args.EndpointConfigName ? [made, config] : [made];
    return {
      name, resource: `aws-sdk:sagemaker:${action}`, arguments: args, log: this.logGroup, ...more,
      policies: [
        allow([`sagemaker:${operation}`], resources),
        ...args.Tags ? [allow(['sagemaker:AddTags'], [made])] : [],
        ...args.ExecutionRoleArn ? [passRole(this.role, 'sagemaker.amazonaws.com')] : [],
        ...args.DeploymentConfig ? [allow(['cloudwatch:DescribeAlarms'], this.alarms.map(({ alarmArn }) => alarmArn))] : [],
      ],
    };
  }

  /** CloudFormation deletes only what it has created, which the endpoint is not. */
  private sweepAtDestroy(): CustomResource {
    const handler = new Handler(this, 'Sweep', {
      name: 'cleanup', description: `Deletes ${this.endpointName}, its configs and models at destroy`, timeout: Duration.minutes(14),
      without: { deadLetters: 'CloudFormation waits for its answer, and tells when none comes', reservedConcurrency: 'it runs once, at destroy', vpc: AWS_ALONE },
    });
    const why = 'deletes at `cdk destroy` what the deploy step made';
    grant(handler, [
      allow(['sagemaker:DescribeEndpoint', 'sagemaker:DeleteEndpoint'], [this.endpointArn]),
      allow(['sagemaker:DeleteEndpointConfig', 'sagemaker:ListTags'], [sagemakerArn(this, 'endpoint-config', `${this.endpointName}-*`)]),
      allow(['sagemaker:DeleteModel', 'sagemaker:ListTags'], [sagemakerArn(this, 'model', `${this.endpointName}-*`)]),
    ], why);
    grantAny(handler, ['sagemaker:ListEndpointConfigs', 'sagemaker:ListModels'], why);
    const sweep = new CustomResource(this, 'AtDestroy', {
      serviceToken: handler.functionArn, resourceType: 'Custom::MlopsEndpointSweep', properties: { EndpointName: this.endpointName }, serviceTimeout: Duration.minutes(15),
    });
    // At destroy the sweep comes before what it works with goes.
    sweep.node.addDependency(handler, handler.role!, handler.logGroup, this.role);
    return sweep;
  }
}
