import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Call, ComponentEvent, Step } from '../core';
import { acknowledge, acknowledgeMachine } from '../core/acknowledge';
import { allow } from '../core/grants';
import { Log } from '../core/log';
import { VERDICT } from './unhealthy';

/** Properties of `Verdicts`. */
export interface VerdictsProps {
  /** When a verdict may have been given: a webhook's pattern on its bus, or a schedule. */
  readonly when: events.RuleProps;
  /**
   * What is asked first; `INPUT` is the event.
   * @default - nothing: the event says it all
   */
  readonly calls?: Call[];
  /** JSONata, without the brackets: a list of `{'check', 'reason'}`, of which ten at most are told. Empty when there is no drift. */
  readonly verdicts: string;
}

/** Turns what a vendor says of drift into events of the account's default bus: a small state machine, no Lambda. */
export class Verdicts extends Construct {
  /** The event that has set it off, in JSONata. */
  public static readonly INPUT = '$states.context.Execution.Input';

  /** Alarms when a verdict was not understood, or could not be asked for or told. */
  public readonly alarm: cloudwatch.Alarm;
  /** The resource of the events. */
  public readonly arn: string;

  constructor(scope: Construct, id: string, { when, calls = [], verdicts }: VerdictsProps) {
    super(scope, id);
    const bus = Stack.of(this).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' });
    const found = `[(${verdicts})[[0..9]]]`.replace(/\s+/g, ' ');
    const detail = "{'alarmName': $it.check, 'state': {'value': 'ALARM', 'reason': $it.reason}}";
    const event = `{'Source': '${VERDICT.source}', 'DetailType': '${VERDICT.detailType}', 'Resources': [$states.context.StateMachine.Id], 'Detail': ${detail}}`;
    const step = new Step(this, 'Tell', {
      calls: [...calls, {
        name: 'told', resource: 'events:putEvents', when: `{% $count(${found}) > 0 %}`, policies: [allow(['events:PutEvents'], [bus])],
        arguments: { Entries: `{% [$map(${found}, function($it) { $exists($it.check) and $exists($it.reason) ? ${event} : $error('a verdict without a check or a reason') })] %}` },
      }],
      result: { told: '{% $told %}' },
      timeout: Duration.minutes(30),
    });
    const log = new Log(this, 'Log', { logGroupName: `/aws/vendedlogs/states/${Stack.of(this).stackName}-${this.node.addr.slice(-8)}` });
    const machine = new sfn.StateMachine(this, 'Machine', {
      definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA, tracingEnabled: true,
      logs: { destination: log, level: sfn.LogLevel.ERROR, includeExecutionData: true },
    });
    acknowledgeMachine(machine);
    this.arn = machine.stateMachineArn;
    new events.Rule(this, 'When', when).addTarget(new targets.SfnStateMachine(machine));
    this.alarm = new cloudwatch.Alarm(this, 'Untold', {
      metric: machine.metricFailed({ period: Duration.minutes(5) }), threshold: 1, evaluationPeriods: 1, comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING, alarmDescription: 'What the vendor says of drift was not understood, or could not be asked for: look at the failed execution',
    });
    acknowledge(this.alarm, ['CT.CLOUDWATCH.PR.1', 'NIST.800.53.R5-CloudWatchAlarmAction'], "a change of state is an event, which reaches whoever asks for it with 'onUnhealthy'");
  }

  /** Tells of what was found. */
  public onDrift(scope: Construct, id: string, target: events.IRuleTarget): events.Rule {
    return new ComponentEvent(scope, id, {
      pattern: { source: [VERDICT.source], detailType: [VERDICT.detailType], resources: [this.arn] },
      payload: { check: events.EventField.fromPath('$.detail.alarmName'), reason: events.EventField.fromPath('$.detail.state.reason'), at: events.EventField.time },
      target,
    });
  }
}
