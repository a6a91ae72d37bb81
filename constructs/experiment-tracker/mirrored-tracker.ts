import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Binding } from '../core';
import { check, like } from '../core/validation';
import { IExperimentTracker } from './experiment-tracker';

/** Properties of a `MirroredTracker`. */
export interface MirroredTrackerProps {
  /** The tracker that is kept. */
  readonly primary: IExperimentTracker;
  /** The tracker that runs are logged to besides, as long as a move takes. */
  readonly secondary: IExperimentTracker;
}

/**
 * Two trackers of different protocols at once, while a team moves from one to the other: a script finds both in its
 * environment and may log one run to both.
 */
export class MirroredTracker extends Construct implements IExperimentTracker {
  constructor(scope: Construct, id: string, private readonly props: MirroredTrackerProps) {
    super(scope, id);
    check(props, z => ({ primary: like(z, 'a tracker (IExperimentTracker)', 'bind'), secondary: like(z, 'a tracker (IExperimentTracker)', 'bind') }), 'primary', 'secondary');
  }

  /** @throws Error when both read the same variable */
  public bind(client: iam.IGrantable): Binding {
    const [one, other] = [this.props.primary, this.props.secondary].map(tracker => tracker.bind(client));
    const taken = Object.keys({ ...one.variables, ...one.secrets });
    const twice = Object.keys({ ...other.variables, ...other.secrets }).find(name => taken.includes(name));
    if (twice) {
      throw new Error(`'secondary' must speak another protocol than 'primary', got ${one.provider} and ${other.provider}, whose clients both read '${twice}': use two jobs, or a copy of the runs`);
    }
    return {
      provider: `${one.provider}-and-${other.provider}`, address: `${one.address} ${other.address}`,
      variables: { ...one.variables, ...other.variables }, secrets: { ...one.secrets, ...other.secrets }, probes: [...one.probes ?? [], ...other.probes ?? []],
    };
  }
}
