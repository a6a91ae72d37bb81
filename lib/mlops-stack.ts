import { CfnOutput, Duration, Stack, StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { IComponent, PrivateLink, Publication, SecretRotation } from '../constructs/core';
import { acknowledgeConstruction } from '../constructs/core/acknowledge';
import { Nobody } from '../constructs/core/grants';
import { IDeployableEndpoint } from '../constructs/model-endpoint';
import { Approval, ModelLoop } from '../constructs/pipeline';
import * as catalogue from './catalogue';
import { checkStackFile, Choice, parseStackFile, StackFile } from './stack-file';

/** Properties of an `MlopsStack`. */
export interface MlopsStackProps extends StackProps {
  /**
   * What a stack file (`mlops.yaml`) says, by section.
   * @default - the whole stack on AWS
   */
  readonly settings?: { [section: string]: any };
}

/** The whole platform: eight components and the loop from data to a model that is served, watched and replaced. */
export class MlopsStack extends Stack {
  /**
   * The stack that a stack file describes, under the file's `name`.
   * @throws Error with one line that names the file, the field, what it got and what is allowed
   */
  public static fromFile(scope: Construct, path: string): MlopsStack {
    const settings = parseStackFile(path);
    try {
      return new MlopsStack(scope, checkStackFile(settings).name, { settings });
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** @throws Error with one line that names the field, what it got and what is allowed */
  constructor(scope: Construct, id: string, props: MlopsStackProps = {}) {
    const { settings, ...stackProps } = props;
    const file = checkStackFile(settings);
    super(scope, id, { description: 'An MLOps platform', analyticsReporting: false, ...stackProps });

    acknowledgeConstruction(this);
    if (file.privateLink) this.link(file.privateLink);
    if (file.rotation) new SecretRotation(this, 'SecretRotation');
    const store = this.create('ArtifactStore', 'store', catalogue.STORES, file.store, undefined);
    const tracker = this.create('ExperimentTracker', 'tracker', catalogue.TRACKERS, file.tracker, { store });
    const trainer = this.create('ModelTrainer', 'trainer', catalogue.TRAINERS, file.trainer, { store });
    const registry = this.create('ModelRegistry', 'registry', catalogue.REGISTRIES, file.registry, undefined);
    const endpoint = this.create('ModelEndpoint', 'endpoint', catalogue.ENDPOINTS, file.endpoint, { store, images: [file.trainer.settings.image] });
    const monitor = this.create('ModelMonitor', 'monitor', catalogue.MONITORS, file.monitor, { endpoint });
    const orchestrator = this.create('Orchestrator', 'orchestrator', catalogue.ORCHESTRATORS, file.orchestrator, undefined);
    const alerter = this.create('Alerter', 'alerter', catalogue.ALERTERS, file.alerter, undefined);

    const { train, test, sample, metrics, gate, approval } = file.pipeline;
    // What every trainer's section has.
    const { source, entry, hyperparameters, timeoutMinutes } = file.trainer.settings;
    const timeout = timeoutMinutes === undefined ? undefined : Duration.seconds(Math.round(timeoutMinutes * 60));
    const loop = inFile(LOOP_FIELDS, () => new ModelLoop(this, 'Loop', {
      store, trainer, registry, orchestrator, alerter, monitor, sample, gate,
      // A pipeline that must deploy refuses an endpoint that cannot.
      endpoint: endpoint as IDeployableEndpoint,
      approval: approval === 'automatic' ? Approval.AUTOMATIC : Approval.MANUAL,
      training: { source, entry, hyperparameters, metrics, timeout, inputs: { train: store.uriFor(train), test: store.uriFor(test) }, uses: tracker ? [tracker] : [] },
    }));

    this.publish('artifact-store', store);
    this.publish('experiment-tracker', tracker);
    this.publish('model-trainer', trainer);
    this.publish('model-registry', registry);
    this.publish('model-endpoint', endpoint);
    this.publish('model-monitor', monitor);
    this.publish('orchestrator', orchestrator);
    this.publish('alerter', alerter);

    this.output('ArtifactStoreUri', store.uri, 'Holds the data and the models');
    this.output('PipelineArn', loop.training.stateMachineArn, 'Trains and registers');
    this.output('DeploymentArn', loop.deployment.stateMachineArn, 'Deploys what is approved');
    this.output('ModelRegistry', address(registry), 'Versions wait here for approval');
    this.output('ModelEndpoint', address(endpoint), 'Serves');
    this.output('Alerter', address(alerter), 'Alerts');
    if (tracker) this.output('ExperimentTracker', address(tracker), 'Runs are tracked here');
  }

  private link({ vpc, subnets, services }: NonNullable<StackFile['privateLink']>): PrivateLink {
    return inFile({ services: 'privateLink.services' }, () => new PrivateLink(this, 'PrivateLink', {
      // Nothing here asks for a zone; the subnets have theirs.
      vpc: ec2.Vpc.fromVpcAttributes(this, 'Vpc', { vpcId: vpc, availabilityZones: subnets, privateSubnetIds: subnets }), services,
    }));
  }

  private create<Component, Context>(
    id: string, section: string, providers: catalogue.Providers<Component, Context>, { provider, settings, fields }: Choice, context: Context,
  ): Component {
    const { props = {} } = providers[provider];
    const names = [...['provider', ...fields].map(field => [field, field]), ...Object.entries(props)].map(([prop, field]) => [prop, `${section}.${field}`]);
    return inFile(Object.fromEntries(names), () => providers[provider].create(this, id, settings, context));
  }

  private publish(component: string, of?: IComponent) {
    if (of) new Publication(this, `Publish-${component}`, { component, of });
  }

  private output(id: string, value: string, description: string) {
    new CfnOutput(this, `Output-${id}`, { value, description }).overrideLogicalId(id);
  }
}

/** Where the loop's props stand in the file. */
const LOOP_FIELDS = {
  source: 'trainer.source', entry: 'trainer.entry', networkIsolation: 'trainer.networkIsolation', metrics: 'pipeline.metrics', gate: 'pipeline.gate', sample: 'pipeline.sample', hyperparameters: 'trainer.hyperparameters',
};

/** Does `make`; where it refuses a prop, the message names the field of the stack file instead. */
function inFile<T>(fields: { [prop: string]: string }, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const { message } = error as Error;
    const [, prop = ''] = /^'(\w+)/.exec(message) ?? [];
    throw Object.hasOwn(fields, prop) ? new Error(`'${fields[prop]}${message.slice(prop.length + 1)}`, { cause: error }) : error;
  }
}

function address(component: IComponent): string {
  return component.bind(new Nobody()).address;
}
