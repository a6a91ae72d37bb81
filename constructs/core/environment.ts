import { Stack, Token } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Binding, IComponent, SecretField } from './component';
import { grant, readSecret } from './grants';

/** The environment of one workload: what its components need, granted and merged, in the form that its host takes. */
export class Environment {
  /**
   * Lets `client` use `components`.
   * @throws when two components want one variable with different values
   */
  public static of(client: iam.IGrantable, ...components: IComponent[]): Environment {
    const environment = new Environment();
    components.forEach(component => environment.add(component, component.bind(client)));
    Object.values(environment.secrets).forEach(field => grant(client, readSecret(field), 'resolves the secrets of its environment'));
    return environment;
  }

  /** The plain variables. */
  public readonly variables: { [name: string]: string } = {};
  private readonly secrets: { [name: string]: SecretField } = {};

  private constructor() {}

  /** Whether any component is known by a secret. */
  public get hasSecrets(): boolean {
    return Object.keys(this.secrets).length > 0;
  }

  /** The secrets, as an ECS container takes them. */
  public get ecsSecrets(): { [name: string]: ecs.Secret } {
    return map(this.secrets, ({ secret, field }) => ecs.Secret.fromSecretsManager(secret, field));
  }

  /** The secrets, as a Batch container takes them. */
  public get batchSecrets(): { [name: string]: batch.Secret } {
    return map(this.secrets, ({ secret, field }) => batch.Secret.fromSecretsManager(secret, field));
  }

  /**
   * Everything as variables, for a host that delivers no secrets (Lambda, SageMaker): one `MLOPS_SECRET_<NAME>` a secret,
   * `<arn>[:field]`, which `runtime/` resolves at start.
   */
  public get inline(): { [name: string]: string } {
    const references = Object.entries(this.secrets)
      .map(([name, { secret, field }]) => [`MLOPS_SECRET_${name}`, field ? `${secret.secretArn}:${field}` : secret.secretArn]);
    return { ...this.variables, ...Object.fromEntries(references) };
  }

  private add(component: IComponent, { variables, secrets = {} }: Binding) {
    for (const [name, value] of Object.entries(variables)) {
      const held = this.variables[name] ?? value;
      if (held !== value) refuse(name, component, held, value);
      this.variables[name] = value;
    }
    for (const [name, field] of Object.entries(secrets)) {
      const held = this.secrets[name] ?? field;
      if (identity(held) !== identity(field)) refuse(name, component, describe(held), describe(field));
      this.secrets[name] = field;
    }
    const twice = Object.keys(this.secrets).find(name => name in this.variables);
    if (twice) throw new Error(`'${twice}' must be a variable or a secret, got both, the latter from '${component.node.path}'`);
  }
}

function refuse(name: string, component: IComponent, held: string, wanted: string): never {
  throw new Error(`'${name}' must have one value, got '${held}' and '${wanted}' from '${component.node.path}': a workload can use only one of the two`);
}

/** A secret that was imported twice is one secret. */
function identity({ secret, field }: SecretField): string {
  return JSON.stringify([Stack.of(secret).resolve(secret.secretArn), field]);
}

function describe({ secret, field }: SecretField): string {
  return `${Token.isUnresolved(secret.secretArn) ? secret.node.path : secret.secretArn}:${field ?? ''}`;
}

function map<A, B>(from: { [name: string]: A }, to: (value: A) => B): { [name: string]: B } {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, to(value)]));
}
