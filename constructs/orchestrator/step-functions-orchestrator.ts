import { ArnFormat, Duration, Lazy, Names, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Binding, Call, ComponentEvent, Jsonata, Step } from '../core';
import { acknowledgeMachine, acknowledgePatterns } from '../core/acknowledge';
import { allow, grant } from '../core/grants';
import { Log } from '../core/log';
import { check, duration, FILLED, fixed, got, like, mapping, mustBe, text } from '../core/validation';
import { CancelOptions, InspectOptions, IPipelineOrchestrator, PipelineOptions, RunChangedOptions, RunOptions, RunStatus } from './orchestrator';

/** Properties of a `StepFunctionsOrchestrator`. */
export interface StepFunctionsOrchestratorProps {
  /**
   * How long the log of the executions is kept.
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;
}

/** A pipeline and what the ARNs of its executions start with. */
interface Pipeline {
  readonly machine: sfn.IStateMachine;
  readonly executions: string;
}

/**
 * Runs pipelines as Step Functions state machines.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
 */
export class StepFunctionsOrchestrator extends Construct implements IPipelineOrchestrator {
  private readonly pipelines: { [name: string]: Pipeline } = Object.create(null);
  private readonly log: logs.LogGroup;

  constructor(scope: Construct, id: string, props: StepFunctionsOrchestratorProps = {}) {
    super(scope, id);
    const days = Object.values(logs.RetentionDays);
    check(props, z => ({ logRetention: mustBe(z, 'one of logs.RetentionDays', it => typeof it === 'number' && days.includes(it)) }));
    // The name's prefix keeps the log group out of the resource policy's size limit.
    this.log = new Log(this, 'Log', {
      logGroupName: `/aws/vendedlogs/states/${Stack.of(this).stackName}-${this.node.addr.slice(-8)}`,
      ...props.logRetention && { retention: props.logRetention },
    });
  }

  public addPipeline(name: string, options: PipelineOptions): sfn.StateMachine {
    this.checkName(name);
    check(options, z => ({
      definition: like(z, 'steps or states (sfn.IChainable)', 'startState', 'endStates'),
      comment: text(z, /^[^\p{C}]{0,1000}$/u, 'a sentence of at most 1000 characters'),
      timeout: duration(z, 'seconds', 1, 365 * 86400),
    }), 'definition');
    const stateMachineName = Names.uniqueResourceName(this, { maxLength: 80 - name.length - 1, separator: '-' }) + `-${name}`;
    const machine = new sfn.StateMachine(this, name, {
      // Known at synth, so that a pipeline may be allowed to look at its own runs.
      stateMachineName,
      definitionBody: sfn.DefinitionBody.fromChainable(options.definition),
      queryLanguage: sfn.QueryLanguage.JSONATA,
      comment: options.comment,
      timeout: options.timeout ?? Duration.days(7),
      tracingEnabled: true,
      logs: { destination: this.log, level: sfn.LogLevel.ERROR, includeExecutionData: true },
    });
    const executions = Stack.of(this).formatArn({ service: 'states', resource: 'execution', resourceName: `${stateMachineName}:`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    this.pipelines[name] = { machine, executions };
    acknowledgeMachine(machine);
    // What looks at all runs is settled when all pipelines are known.
    acknowledgePatterns(this, [`${executions}*`], 'looks at the runs of the pipelines');
    return machine;
  }

  /** Adds a state machine that exists, under a name. */
  public importPipeline(name: string, stateMachine: sfn.IStateMachine): void {
    this.checkName(name);
    check({ stateMachine }, z => ({ stateMachine: like(z, 'a state machine (sfn.IStateMachine)', 'stateMachineArn') }), 'stateMachine');
    const stack = Stack.of(this);
    const arn = stack.splitArn(stateMachine.stateMachineArn, ArnFormat.COLON_RESOURCE_NAME);
    this.pipelines[name] = { machine: stateMachine, executions: stack.formatArn({ ...arn, resource: 'execution', resourceName: `${arn.resourceName}:` }) };
  }

  public run(scope: Construct, id: string, options: RunOptions): Step {
    check(options, z => ({ pipeline: fixed(z, ...FILLED), input: mapping(z), result: mapping(z) }), 'pipeline');
    const { machine: { stateMachineArn }, executions } = this.pipeline(options.pipeline);
    const run = Jsonata.join(executions, Step.KEY);
    const known = { run: '{% $described.ExecutionArn %}', output: '{% $parse($described.Output) %}' };
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [
        {
          name: 'started', resource: 'states:startExecution', policies: [allow(['states:StartExecution'], [stateMachineArn])],
          arguments: { StateMachineArn: stateMachineArn, Name: Step.KEY, Input: { runId: Step.RUN_ID, ...options.input } },
          accept: ['StepFunctions.ExecutionAlreadyExistsException'],
        },
        {
          name: 'described', resource: 'aws-sdk:sfn:describeExecution', arguments: { ExecutionArn: run }, log: run,
          policies: [allow(['states:DescribeExecution'], [`${executions}*`])], cancel: this.stop(run, [`${executions}*`]),
          until: "{% $described.Status = 'SUCCEEDED' %}",
          failed: "{% $described.Status in ['FAILED', 'TIMED_OUT', 'ABORTED'] %}",
          cause: "{% $described.Status & ($exists($described.Cause) ? ': ' & $described.Cause : '') %}",
        },
      ],
      result: { ...known, ...Jsonata.within(known, options.result ?? {}) },
    });
  }

  public inspect(scope: Construct, id: string, options: InspectOptions): Step {
    check(options, z => ({ run: text(z, ...FILLED) }), 'run');
    const runs = Lazy.list({ produce: () => this.runs });
    const optional = (field: string) => `{% $exists($described.${field}) and $described.${field} != null ? $described.${field} : '' %}`;
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [{ name: 'described', resource: 'aws-sdk:sfn:describeExecution', arguments: { ExecutionArn: options.run }, policies: [allow(['states:DescribeExecution'], runs)] }],
      result: {
        run: '{% $described.ExecutionArn %}', name: '{% $described.Name %}', status: '{% $described.Status %}', error: optional('Error'), cause: optional('Cause'),
      },
    });
  }

  public cancel(scope: Construct, id: string, options: CancelOptions): Step {
    check(options, z => ({ run: text(z, ...FILLED) }), 'run');
    const runs = Lazy.list({ produce: () => this.runs });
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [this.stop(options.run, runs)],
      result: { run: options.run },
    });
  }

  private stop(run: string, among: string[]): Call {
    return { name: 'stopped', resource: 'aws-sdk:sfn:stopExecution', arguments: { ExecutionArn: run }, policies: [allow(['states:StopExecution'], among)] };
  }

  public onRunChanged(id: string, options: RunChangedOptions): events.Rule {
    const all = Object.values(RunStatus);
    check(options, z => ({
      statuses: mustBe(z, `a list of RunStatus (${all.join(', ')})`, it => Array.isArray(it) && it.length > 0 && it.every(status => all.includes(status))),
      target: like(z, 'a target (events.IRuleTarget)', 'bind'),
    }), 'target');
    return new ComponentEvent(this, id, {
      pattern: {
        source: ['aws.states'], detailType: ['Step Functions Execution Status Change'],
        detail: {
          // Pipelines that are added later count too.
          stateMachineArn: Lazy.list({ produce: () => this.arns }),
          status: options.statuses ?? [RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.ABORTED],
        },
      },
      payload: {
        run: events.EventField.fromPath('$.detail.executionArn'), pipeline: events.EventField.fromPath('$.detail.stateMachineArn'),
        status: events.EventField.fromPath('$.detail.status'), at: events.EventField.time,
      },
      target: options.target,
    });
  }

  public bind(client: iam.IGrantable): Binding {
    const names = Object.keys(this.pipelines);
    if (names.length) {
      grant(client, [
        allow(['states:StartExecution', 'states:ListExecutions'], this.arns),
        allow(['states:DescribeExecution', 'states:StopExecution', 'states:GetExecutionHistory'], this.runs),
      ], 'starts the pipelines, and watches and stops their runs');
    }
    const variables = names.map(name => [`MLOPS_PIPELINE_${name.replace(/\W/g, '_').toUpperCase()}`, this.pipelines[name].machine.stateMachineArn]);
    return { provider: 'step-functions', address: `${Stack.of(this).stackName} in Step Functions`, variables: Object.fromEntries(variables) };
  }

  private get arns(): string[] {
    return this.all.map(({ machine }) => machine.stateMachineArn);
  }

  private get runs(): string[] {
    return this.all.map(({ executions }) => `${executions}*`);
  }

  /** A pattern or a permission without a pipeline would hold for every state machine of the account. */
  private get all(): Pipeline[] {
    const all = Object.values(this.pipelines);
    if (!all.length) throw new Error(`'${this.node.path}' must have a pipeline when its runs are watched, got none: call addPipeline or importPipeline`);
    return all;
  }

  private pipeline(name: string): Pipeline {
    const pipeline = this.pipelines[name];
    if (!pipeline) throw new Error(`'pipeline' must be one of this orchestrator's (${Object.keys(this.pipelines).join(', ') || 'it has none'}), ${got(name)}`);
    return pipeline;
  }

  private checkName(name: string) {
    check({ name }, z => ({ name: fixed(z, /^[A-Za-z][A-Za-z0-9_-]{0,39}$/, 'a letter and then at most 39 letters, digits, _ or -') }), 'name');
    if (this.pipelines[name] || this.node.tryFindChild(name)) throw new Error(`'name' must be a new one, got '${name}', which '${this.node.path}' holds already`);
  }
}
