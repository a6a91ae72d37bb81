import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { IConstruct } from 'constructs';
import { Probe } from './probe';

/** A secret, or one field of a secret that holds JSON. */
export interface SecretField {
  /** The secret in AWS Secrets Manager. */
  readonly secret: ISecret;
  /**
   * The field of the secret's JSON.
   * @default - the whole secret
   */
  readonly field?: string;
}

/** How a client reaches a component, in the names that the provider's own SDK reads. */
export interface Binding {
  /** Who runs the component, such as `sagemaker` or `mlflow`. */
  readonly provider: string;
  /** Where the component is: a URL, an ARN, an S3 address or a name. It never holds a credential. */
  readonly address: string;
  /** Addresses and settings, by environment variable. They never hold a credential. */
  readonly variables: { [name: string]: string };
  /**
   * Credentials, by environment variable, as references.
   * @default - the client's own AWS identity is the credential
   */
  readonly secrets?: { [name: string]: SecretField };
  /**
   * What shows how an outside service is.
   * @default - AWS runs it
   */
  readonly probes?: Probe[];
}

/** A replaceable part of the machine-learning lifecycle, whoever runs it. */
export interface IComponent extends IConstruct {
  /** Lets `client` use this component, and returns how to reach it. */
  bind(client: iam.IGrantable): Binding;
}
