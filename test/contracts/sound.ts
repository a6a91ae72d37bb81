import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Auth, Binding, ComponentEvent, ExternalEndpoint, IAlerter, IModelMonitor, IModelTrainer, NotifyOptions, Step, StepProps, TrainOptions } from '../../lib';

/** An alerter that keeps its contract; what is broken is broken in one place. */
export class SoundAlerter extends Construct implements IAlerter {
  protected readonly endpoint = new ExternalEndpoint('https://alerts.acme.dev', Auth.none());

  public notify(scope: Construct, id: string, options: NotifyOptions): Step {
    return this.step(scope, id, {
      timeout: options.timeout,
      calls: [this.endpoint.request(this, 'sent', { path: '/alerts', body: this.body(options), value: '{% $states.result.ResponseBody.id %}' })],
      result: { id: '{% $sent %}' },
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    return { provider: 'acme', address: this.endpoint.url, variables: { ACME_ALERTS_URL: this.endpoint.url }, probes: this.endpoint.probes('ACME_TOKEN') };
  }

  protected step(scope: Construct, id: string, props: StepProps): Step {
    return new Step(scope, id, props);
  }

  protected body({ subject, message }: NotifyOptions): any {
    return { title: subject, text: message };
  }
}

/** A step that looks otherwise in the state machine. */
export class EditedStep extends Step {
  constructor(scope: Construct, id: string, props: StepProps, private readonly edit: (state: any) => void) {
    super(scope, id, props);
  }

  public override toStateJson(): object {
    const json: any = super.toStateJson();
    Object.values(json.Branches[0].States).forEach(this.edit);
    return json;
  }
}

/** A monitor that keeps its contract. */
export class SoundMonitor extends Construct implements IModelMonitor {
  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    const field = (name: string) => events.EventField.fromPath(`$.detail.${name}`);
    return new ComponentEvent(this, id, {
      pattern: { source: ['acme'] }, payload: { alarm: field('check'), state: field('state'), reason: field('reason'), at: events.EventField.time }, target,
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    return { provider: 'acme', address: 'https://monitors.acme.dev', variables: {}, probes: new ExternalEndpoint('https://monitors.acme.dev', Auth.none()).probes('ACME_TOKEN') };
  }
}

/** A job as its service answers it; an answer without a status is a failure. */
const JOB = '{% $states.result.ResponseBody.{"status": status, "name": name, "model": $string(model), "metrics": metrics} %}';

/** A trainer that keeps its contract. */
export class SoundTrainer extends Construct implements IModelTrainer {
  protected readonly endpoint = new ExternalEndpoint('https://jobs.acme.dev', Auth.none());
  protected readonly name: string = Step.KEY;

  public train(scope: Construct, id: string, { hyperparameters, inputs, timeout }: TrainOptions): Step {
    return new Step(scope, id, {
      timeout,
      calls: [
        this.endpoint.request(this, 'started', { path: '/jobs', body: { name: this.name, hyperparameters, inputs }, accept: ['States.Http.StatusCode.409'] }),
        this.endpoint.request(this, 'job', { path: '/jobs/last', value: JOB, until: "{% $job.status = 'done' %}" }),
      ],
      result: { jobName: '{% $job.name %}', modelUri: '{% $job.model %}', metrics: '{% $job.metrics %}', image: 'none' },
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    return { provider: 'acme', address: this.endpoint.url, variables: {}, probes: this.endpoint.probes('ACME_TOKEN') };
  }
}
