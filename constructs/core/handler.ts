import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import { SecretField } from './component';
import { allow, grant, readSecret } from './grants';
import { Log } from './log';
import { handlerFolder } from './package-root';

/** Properties of a `Handler`. */
export interface HandlerProps {
  /** Its folder in dist/handlers. */
  readonly name: string;
  /** What it does. */
  readonly description: string;
  readonly timeout: Duration;
  /** In MiB. */
  readonly memorySize?: number;
  readonly environment?: { [name: string]: string };
  /** The secret that it reads at run time. */
  readonly credential?: SecretField;
  /** What a service that it calls is to be allowed by the role. */
  readonly policies?: iam.PolicyStatement[];
  /** Why it does without. */
  readonly without: { readonly deadLetters: string; readonly reservedConcurrency: string; readonly vpc: string };
}

/** One of the package's prebuilt functions, with a role and a log of its own. */
export class Handler extends lambda.Function {
  constructor(scope: Construct, id: string, { name, description, timeout, memorySize = 256, environment, credential, policies = [], without }: HandlerProps) {
    const log = new Log(scope, `${id}Log`);
    super(scope, id, {
      runtime: lambda.Runtime.NODEJS_24_X, handler: 'index.handler', code: lambda.Code.fromAsset(handlerFolder(name)),
      description: description.slice(0, 256), timeout, memorySize, logGroup: log,
      // A given role gets none of the managed policies that one of Lambda's own has.
      role: new iam.Role(scope, `${id}Role`, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }),
      environment: {
        ...environment,
        ...credential && { SECRET_ARN: credential.secret.secretArn }, ...credential?.field !== undefined && { SECRET_FIELD: credential.field },
      },
    });
    grant(this, [allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [log.logGroupArn])], 'writes its log');
    if (credential) grant(this, readSecret(credential), 'reads its credential');
    grant(this, policies.map(it => it.copy()), 'is known to the service by its role');
    acknowledge(this, ['CKV_AWS_116', 'NIST.800.53.R5-LambdaDLQ'], without.deadLetters);
    acknowledge(this, ['CKV_AWS_115', 'NIST.800.53.R5-LambdaConcurrency'], without.reservedConcurrency);
    acknowledge(this, ['CKV_AWS_117', 'NIST.800.53.R5-LambdaInsideVPC', 'CT.LAMBDA.PR.3'], without.vpc);
    if (environment) acknowledge(this, ['CKV_AWS_173'], 'its variables are names and addresses; a secret is read at run time');
  }
}

/** Why a function that calls AWS alone is in no VPC. */
export const AWS_ALONE = 'it calls APIs of AWS only, for which no VPC has to have a way out';
