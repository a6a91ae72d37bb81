import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { IComponent } from './component';
import { Nobody } from './grants';
import { check, fixed, like } from './validation';

/** Properties of a `Publication`. */
export interface PublicationProps {
  /** The part of the lifecycle, such as `experiment-tracker`. */
  readonly component: string;
  /** What is published. */
  readonly of: IComponent;
}

/**
 * Publishes how a component is reached, for those who do not use CDK: the SSM parameter `/mlops/<stack>/<component>`, JSON
 * of `provider`, `address`, `variables`, `secrets` (references) and `probes`. It never holds a credential.
 */
export class Publication extends Construct {
  /** The parameter's name. */
  public readonly parameterName: string;

  constructor(scope: Construct, id: string, props: PublicationProps) {
    super(scope, id);
    check(props, z => ({
      component: fixed(z, /^[A-Za-z0-9_.-]{1,100}$/, 'at most 100 letters, digits, _, . and -'), of: like(z, 'a component (IComponent)', 'bind'),
    }), 'component', 'of');
    const stack = Stack.of(this);
    const { provider, address, variables, secrets = {}, probes } = props.of.bind(new Nobody());
    const references = Object.entries(secrets).map(([name, { secret, field }]) => [name, { secretArn: secret.secretArn, field }]);
    const value = stack.toJsonString({ provider, address, variables, secrets: Object.fromEntries(references), probes });
    if (/\{\{resolve:/.test(JSON.stringify(stack.resolve(value)))) {
      throw new Error(`'${props.of.node.path}' must bind references to secrets, got a secret's value, which CloudFormation would write in plain text`);
    }
    this.parameterName = `/mlops/${stack.stackName}/${props.component}`;
    new ssm.CfnParameter(this, 'Resource', {
      type: 'String', name: this.parameterName, value, description: `How the ${props.component} of ${stack.stackName} is reached`,
    });
  }

  /** The parameter's ARN. */
  public get parameterArn(): string {
    return Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName: this.parameterName.slice(1), arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  }
}
