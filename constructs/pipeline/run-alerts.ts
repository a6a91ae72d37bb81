import { Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { IAlerter } from '../alerter/alerter';
import { acknowledgeMachine } from '../core/acknowledge';
import { Log } from '../core/log';
import { check, like } from '../core/validation';
import { IModelMonitor } from '../model-monitor/model-monitor';
import { IPipelineOrchestrator } from '../orchestrator/orchestrator';

/** Properties of `RunAlerts`. */
export interface RunAlertsProps {
  /** Sends the alerts. */
  readonly alerter: IAlerter;
  /** Every run of its pipelines that fails, times out or is stopped ends in one alert. */
  readonly orchestrator: IPipelineOrchestrator;
  /**
   * Alerts when the model is unhealthy.
   * @default - nobody watches
   */
  readonly monitor?: IModelMonitor;
}

/**
 * One alert for every run that ends without success, which names the step, the cause and where the log is. The end of the
 * run itself sets it off, so that what Step Functions cannot catch is told too.
 */
export class RunAlerts extends Construct {
  private readonly log: Log;

  constructor(scope: Construct, id: string, props: RunAlertsProps) {
    super(scope, id);
    check(props, z => ({
      alerter: like(z, 'an alerter (IAlerter)', 'notify'), orchestrator: like(z, 'an orchestrator of pipelines (IPipelineOrchestrator)', 'inspect', 'onRunChanged'), monitor: like(z, 'a monitor (IModelMonitor)', 'onUnhealthy'),
    }), 'alerter', 'orchestrator');
    const { alerter, orchestrator, monitor } = props;
    this.log = new Log(this, 'Log', { logGroupName: `/aws/vendedlogs/states/${Stack.of(this).stackName}-${this.node.addr.slice(-8)}` });
    const stack = Stack.of(this).stackName;
    const inspect = orchestrator.inspect(this, 'Inspect', { run: '{% $states.context.Execution.Input.run %}' });
    const failed = alerter.notify(this, 'Notify', {
      subject: `{% '${stack}: run ' & $Inspect.name & ' ' & $Inspect.status %}`,
      message: "{% $join(['Run: ' & $Inspect.run, 'Status: ' & $Inspect.status, 'Error: ' & $Inspect.error, 'Cause: ' & $Inspect.cause], '\\n') %}",
    });
    orchestrator.onRunChanged('Failed', { target: new targets.SfnStateMachine(this.machine('RunFailed', inspect.next(failed))) });
    if (monitor) {
      const unhealthy = alerter.notify(this, 'NotifyUnhealthy', {
        subject: `{% '${stack}: ' & $states.context.Execution.Input.alarm %}`,
        message: "{% $join(['Alarm: ' & $states.context.Execution.Input.alarm, 'Since: ' & $states.context.Execution.Input.at, 'Reason: ' & $states.context.Execution.Input.reason], '\\n') %}",
      });
      monitor.onUnhealthy('Unhealthy', new targets.SfnStateMachine(this.machine('ModelUnhealthy', unhealthy)));
    }
  }

  private machine(id: string, definition: sfn.IChainable): sfn.StateMachine {
    const machine = new sfn.StateMachine(this, id, {
      definitionBody: sfn.DefinitionBody.fromChainable(definition), queryLanguage: sfn.QueryLanguage.JSONATA, tracingEnabled: true,
      // An alert that could not be sent is told nowhere else.
      logs: { destination: this.log, level: sfn.LogLevel.ERROR, includeExecutionData: true },
    });
    acknowledgeMachine(machine);
    return machine;
  }
}
