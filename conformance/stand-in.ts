import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Binding, ComponentEvent, IComponent, Step } from '../constructs/core';

/** What every provider that does nothing has. */
export class StandIn extends Construct implements IComponent {
  /** The paths of the rules that it was asked for. */
  public readonly rules: string[] = [];

  public bind(_client: iam.IGrantable): Binding {
    return { provider: 'stand-in', address: 'https://stand-in.invalid', variables: { MLOPS_STAND_IN: this.node.path } };
  }

  protected step(scope: Construct, id: string, result: string[]): Step {
    return new Step(scope, id, { calls: [], result: Object.fromEntries(result.map(name => [name, name])) });
  }

  protected rule(id: string, payload: string[], target?: events.IRuleTarget): events.Rule {
    const told = Object.fromEntries(payload.map(name => [name, events.EventField.fromPath(`$.detail.${name}`)]));
    const rule = new ComponentEvent(this, id, { pattern: { source: ['stand-in'] }, payload: told, target });
    this.rules.push(rule.node.path);
    return rule;
  }
}
