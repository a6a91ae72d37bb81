import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';

/** Properties of a `ComponentEvent`. */
export interface ComponentEventProps {
  /** The provider's own event. */
  readonly pattern: events.EventPattern;
  /**
   * The bus that receives it.
   * @default - the account's default bus
   */
  readonly eventBus?: events.IEventBus;
  /** The contract's payload, by field, from the provider's event (`events.EventField.fromPath('$.detail...')`). */
  readonly payload: { [name: string]: any };
  /**
   * Receives the payload.
   * @default - nobody; the rule's metrics count the events
   */
  readonly target?: events.IRuleTarget;
}

/** A rule that hands its target the contract's payload in place of the provider's event. */
export class ComponentEvent extends events.Rule {
  constructor(scope: Construct, id: string, props: ComponentEventProps) {
    super(scope, id, { eventPattern: props.pattern, eventBus: props.eventBus });
    const { target, payload } = props;
    if (target) this.addTarget({ bind: (rule, targetId) => ({ ...target.bind(rule, targetId), input: events.RuleTargetInput.fromObject(payload) }) });
  }
}
