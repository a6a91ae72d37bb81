import { Annotations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Binding } from '../core';
import { check, FILLED, fixed, like, text } from '../core/validation';
import { IExperimentTracker } from './experiment-tracker';

/** Properties of a `NeptuneExperimentTracker`. */
export interface NeptuneExperimentTrackerProps {
  /** The project, `<workspace>/<name>`. */
  readonly project: string;
  /** Holds an API token, which carries the server's address. */
  readonly apiToken: ISecret;
  /**
   * The field of the secret's JSON that holds the token.
   * @default - the whole secret
   */
  readonly apiTokenField?: string;
}

/**
 * Tracks experiments with a Neptune server that still runs. Legacy: Neptune's own service ended on 2026-03-05.
 * @see https://docs.neptune.ai/environment_variables
 */
export class NeptuneExperimentTracker extends Construct implements IExperimentTracker {
  constructor(scope: Construct, id: string, private readonly props: NeptuneExperimentTrackerProps) {
    super(scope, id);
    check(props, z => ({
      project: fixed(z, /^[^/\s]+\/[^/\s]+$/, "a workspace and a project's name, with a '/' between"), apiToken: like(z, 'a secret (ISecret)', 'secretArn'), apiTokenField: text(z, ...FILLED),
    }), 'project', 'apiToken');
    Annotations.of(this).addWarningV2('cdk-mlops:legacy', `'${this.node.path}' is at Neptune, whose service ended on 2026-03-05: move to another tracker as docs/migrating.md says`);
  }

  public bind(_client: iam.IGrantable): Binding {
    const { project, apiToken: secret, apiTokenField: field } = this.props;
    return {
      provider: 'neptune', address: project, variables: { NEPTUNE_PROJECT: project }, secrets: { NEPTUNE_API_TOKEN: { secret, field } },
      // Where the server is, the token alone says.
      probes: [],
    };
  }
}
