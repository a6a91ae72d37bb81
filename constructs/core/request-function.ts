import { Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Auth } from './auth';
import { Call } from './call';
import { allow } from './grants';
import { Handler } from './handler';
import { Jsonata } from './jsonata';
import { refuseRoute } from './routes';
import { Step } from './step';

/** What is asked, as an HTTP Task has it. */
export interface HttpRequest {
  readonly ApiEndpoint: string;
  readonly Method: string;
  readonly Headers?: any;
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
  /**
   * It goes where the service has said, over https, rather than to the service. It has no credential.
   * @default false
   */
  readonly elsewhere?: boolean;
}

/** Stands for the secret in what the function is told. */
const CREDENTIAL = 'CREDENTIAL';
const DEFAULT_SECONDS = 60;

/** Makes the requests to one service that an HTTP Task cannot make, and answers as one. It reads one secret, when it needs it. */
export class RequestFunction extends Construct {
  private readonly function: Handler;

  constructor(scope: Construct, id: string, { url, auth, elsewhere = false }: RequestFunctionProps) {
    super(scope, id);
    if (!elsewhere) refuseRoute(this, url, "let 'auth' and the request be such that a connection can express them");
    this.function = new Handler(this, 'Function', {
      name: 'request', description: 'Makes the requests that an HTTP Task cannot make', timeout: Duration.minutes(15), credential: auth.credential, policies: auth.policies,
      environment: { SERVICE_URL: url, ...elsewhere && { ELSEWHERE: 'true' }, CREDENTIALS: Stack.of(this).toJsonString(auth.credentials(`\${${CREDENTIAL}}`, url)) },
      without: {
        deadLetters: 'a state machine waits for its answer, and tries again', reservedConcurrency: 'a step makes one request at a time',
        vpc: 'the service is outside, as it is for an HTTP Task',
      },
    });
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
