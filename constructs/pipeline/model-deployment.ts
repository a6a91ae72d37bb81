import { Duration } from 'aws-cdk-lib';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { IAlerter } from '../alerter/alerter';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { Jsonata, Step } from '../core';
import { check, like, mustBe, text } from '../core/validation';
import { IDeployableEndpoint } from '../model-endpoint/model-endpoint';
import { IModelRegistry, ModelStatus } from '../model-registry/model-registry';
import { IOrchestrator } from '../orchestrator/orchestrator';
import { DeploymentTurn } from './deployment-turn';

/** Properties of a `ModelDeployment`. */
export interface ModelDeploymentProps {
  /** Knows the versions. */
  readonly registry: IModelRegistry;
  /** Serves the version that was approved last. */
  readonly endpoint: IDeployableEndpoint;
  /** Holds the models and the sample. */
  readonly store: IArtifactStore;
  /** Runs this pipeline. */
  readonly orchestrator: IOrchestrator;
  /**
   * One request as clients send it, a line of CSV without a header, by its path in `store`: a version that does not answer
   * it is not deployed.
   * @default - versions are not tried
   */
  readonly sample?: string;
  /**
   * Told of each deployment.
   * @default - nobody
   */
  readonly alerter?: IAlerter;
  /**
   * The longest that one deployment may take.
   * @default Duration.hours(2)
   */
  readonly timeout?: Duration;
}

const TICKET = "{% $string($toMillis($Resolve.changedAt)) & ' ' & $Resolve.version %}";

/**
 * Deploys an approved version: the definition of a pipeline, for an orchestrator, whose input is the registry's event
 * (`version`, `at`). One deployment goes at a time; an approval supersedes those that still wait; an event that is told again
 * deploys nothing. Its output: `status` (`Deployed` or `Skipped`), `version`, `reason`.
 */
export class ModelDeployment extends sfn.StateMachineFragment {
  public readonly startState: sfn.State;
  public readonly endStates: sfn.INextable[];

  constructor(scope: Construct, id: string, props: ModelDeploymentProps) {
    super(scope, id);
    check(props, z => ({
      registry: like(z, 'a registry (IModelRegistry)', 'resolve'),
      endpoint: mustBe(z, 'an endpoint that versions can be deployed to (IDeployableEndpoint)', it => typeof it?.deploy === 'function', it => like(z, '', 'infer').safeParse(it).success ? ": give it a 'repository', or take another one" : ''),
      store: like(z, 'an artifact store (IArtifactStore)', 'uriFor', 'read'),
      orchestrator: like(z, 'an orchestrator (IOrchestrator)', 'inspect'),
      sample: text(z, /^[^/\p{C}][^\p{C}]{0,1023}$/u, "a path in the store, without a '/' at the start"),
      alerter: like(z, 'an alerter (IAlerter)', 'notify'),
    }), 'registry', 'endpoint', 'store', 'orchestrator');
    const turn = new DeploymentTurn(this, 'Turn', TICKET);
    const resolve = props.registry.resolve(this, 'Resolve', { version: '{% $states.context.Execution.Input.version %}', toldAt: '{% $states.context.Execution.Input.at %}' });
    const draw = turn.draw(this, 'Draw');
    const take = turn.take(this, 'Take');
    const inspect = props.orchestrator.inspect(this, 'Holder', { run: take.result('holder') });
    const free = turn.free(this, 'Free', take.result('holder'));
    const release = turn.free(this, 'Release');
    const giveUp = turn.free(this, 'GiveUp');
    const deploy = this.deploy(props, resolve);
    const skipped = (name: string, reason: string) => this.pass(name, { status: 'Skipped', version: '{% $states.context.Execution.Input.version %}', reason });
    const choose = (name: string, condition: string, then: sfn.IChainable, otherwise: sfn.IChainable) =>
      new sfn.Choice(this, name, { stateName: name }).when(sfn.Condition.jsonata(`{% ${condition} %}`), then).otherwise(otherwise);

    const withdrawn = skipped('Withdrawn', "{% 'its status is now ' & $Resolve.status %}");
    const repeated = skipped('Superseded', `{% $Draw.seen = ${TICKET.slice(2, -2)} ? 'this approval was told before' : 'a later approval came: ' & $Draw.seen %}`);
    const overtaken = skipped('Overtaken', "{% 'a later approval came: ' & $Take.seen %}");
    const wait = new sfn.Wait(this, 'Wait', {
      stateName: 'Wait for turn', time: sfn.WaitTime.seconds('{% $min([60, 2 + $floor(($millis() - $toMillis($states.context.Execution.StartTime)) / 10000)]) %}'),
    });
    const notDeployed = new sfn.Fail(this, 'NotDeployed', { stateName: 'Not deployed', error: '{% $Failure.Error %}', cause: '{% $Failure.Cause %}' });

    resolve.next(choose('Approved?', `$Resolve.status = '${ModelStatus.APPROVED}'`, draw, withdrawn));
    draw.next(choose('Newest?', '$Draw.newest', take, repeated));
    take.next(choose('Turn?', '$Take.mine', deploy.start, choose('Overtaken?', '$not($Take.newest)', overtaken, choose('Held?', "$Take.holder = ''", wait, inspect))));
    // A run that was stopped gave nothing back.
    inspect.next(choose('Holder runs?', "$Holder.status = 'RUNNING'", wait, free));
    free.next(take);
    wait.next(take);
    deploy.step.addCatch(giveUp, { assign: { Failure: '{% $states.errorOutput %}' } });
    deploy.sample?.addCatch(giveUp, { assign: { Failure: '{% $states.errorOutput %}' } });
    giveUp.addCatch(notDeployed);
    giveUp.next(notDeployed);
    const deployed = this.pass('Deployed', { status: 'Deployed', version: deploy.step.result('version'), endpoint: deploy.step.result('endpoint'), reason: 'approved' });
    deploy.step.next(release);
    release.next(this.tell(props, deployed));
    this.startState = resolve;
    this.endStates = [withdrawn, repeated, overtaken, deployed];
  }

  /** Reads the sample, where there is one, and deploys. */
  private deploy({ endpoint, store, sample, timeout }: ModelDeploymentProps, resolve: Step): { start: sfn.State; step: Step; sample?: Step } {
    const read = sample === undefined ? undefined : this.read(store, sample);
    const step = endpoint.deploy(this, 'Deploy', {
      version: resolve.result('version'), modelUri: resolve.result('modelUri'), image: resolve.result('image'), store, sample: read?.result('rows'), timeout,
    });
    read?.next(step);
    return { start: read ?? step, step, sample: read };
  }

  private read(store: IArtifactStore, path: string): Step {
    const number = 'function($value) { $number($trim($value)) }';
    const { call, text } = store.read('object', path);
    return new Step(this, 'Sample', {
      calls: [{ ...call, value: `{% ${text} %}` }],
      // The inner array is spelled out: JSONata would take a single row out of the outer one.
      result: { rows: `{% [[$map($split($split($object, '\\n')[0], ','), ${number})]] %}` },
    });
  }

  private tell({ alerter }: ModelDeploymentProps, deployed: sfn.State): sfn.IChainable {
    if (!alerter) return deployed;
    const tell = alerter.notify(this, 'Tell', {
      subject: 'A model version is deployed', message: `{% 'Version ' & ${Jsonata.source('{% $Deploy.version %}')} & ' is served by ' & $Deploy.endpoint %}`,
    });
    tell.addCatch(deployed);
    tell.next(deployed);
    return tell;
  }

  private pass(name: string, outputs: { [name: string]: string }): sfn.Pass {
    return new sfn.Pass(this, name, { stateName: name, outputs });
  }
}
