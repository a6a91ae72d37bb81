import { Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import { Auth } from './auth';
import { Call } from './call';
import { allow, grant, readSecret } from './grants';
import { Jsonata } from './jsonata';
import { Log } from './log';
import { handlerFolder } from './package-root';
import { refuseRoute } from './routes';
import { Step } from './step';

/** What is asked, as an HTTP Task has it. */
export interface HttpRequest {
  readonly ApiEndpoint: string;
  readonly Method: string;
  readonly RequestBody?: any;
  readonly QueryParameters?: { [name: string]: string };
}

/** What an HTTP Task cannot be asked. */
export interface HttpLimits {
  readonly timeout?: Duration;
  readonly select?: string;
  readonly binary: boolean;
}

/** Properties of a `RequestFunction`. */
export interface RequestFunctionProps {
  readonly url: string;
  readonly auth: Auth;
}

/** Stands for the secret in what the function is told. */
const CREDENTIAL = 'CREDENTIAL';
const DEFAULT_SECONDS = 60;

/** Makes the requests to one service that an HTTP Task cannot make, and answers as one. It reads one secret, when it needs it. */
export class RequestFunction extends Construct {
  private readonly function: lambda.Function;

  constructor(scope: Construct, id: string, { url, auth }: RequestFunctionProps) {
    super(scope, id);
    refuseRoute(this, url, "let 'auth' and the request be such that a connection can express them");
    const log = new Log(this, 'Log');
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    const { credential } = auth;
    this.function = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.NODEJS_24_X, handler: 'index.handler', code: lambda.Code.fromAsset(handlerFolder('request')), timeout: Duration.minutes(15), memorySize: 256,
      description: 'Makes the requests that an HTTP Task cannot make', logGroup: log, role,
      environment: {
        SERVICE_URL: url, CREDENTIALS: Stack.of(this).toJsonString(auth.credentials(`\${${CREDENTIAL}}`, url)),
        ...credential && { SECRET_ARN: credential.secret.secretArn }, ...credential?.field !== undefined && { SECRET_FIELD: credential.field },
      },
    });
    grant(this.function, [allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [log.logGroupArn])], 'writes its log');
    if (credential) grant(this.function, readSecret(credential), 'reads what the service knows it by');
    acknowledge(this.function, ['CKV_AWS_116', 'NIST.800.53.R5-LambdaDLQ'], 'a state machine waits for its answer, and tries again');
    acknowledge(this.function, ['CKV_AWS_115', 'NIST.800.53.R5-LambdaConcurrency'], 'a step makes one request at a time');
    acknowledge(this.function, ['CKV_AWS_117', 'NIST.800.53.R5-LambdaInsideVPC', 'CT.LAMBDA.PR.3'], 'the service is outside, as it is for an HTTP Task');
    acknowledge(this.function, ['CKV_AWS_173'], 'its variables are names; the secret is read at run time');
  }

  /** `request` as the call `name` of a step. */
  public call(name: string, request: HttpRequest, { timeout, select, binary }: HttpLimits): Pick<Call, 'resource' | 'arguments' | 'policies'> {
    return {
      resource: this.function.functionArn,
      // In `{% %}` the state machine would evaluate it.
      arguments: { ...request, Seconds: timeout?.toSeconds() ?? DEFAULT_SECONDS, Select: select?.slice(2, -2).trim(), Binary: binary || undefined, Id: Jsonata.join(Step.KEY, `-${name}`) },
      policies: [allow(['lambda:InvokeFunction'], [this.function.functionArn])],
    };
  }
}
