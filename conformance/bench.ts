import { App, CfnResource, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct, IConstruct } from 'constructs';
import { Binding, Environment, IComponent, Publication } from '../constructs/core';
import { Nobody } from '../constructs/core/grants';
import { StandInArtifactStore } from './contracts/artifact-store';
import { StandInExperimentTracker } from './contracts/experiment-tracker';
import { StandInModelEndpoint } from './contracts/model-endpoint';
import { Contract, Factory } from './contract';
import { StandIn } from './stand-in';
import { definitionOf } from './template';

/** The stack's name. */
export const STACK = 'conformance';
/** Where the provider is made. */
export const OWN = `${STACK}/Provider`;
/** What is allowed with or without the provider. */
const BYSTANDER = new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::bystander/*'] });

/**
 * A small stack in which one provider is put to use: a client binds it, it is published, a state machine runs each verb, a
 * target is told of each event, and its neighbours stand beside it.
 */
export class Bench<C extends IComponent> {
  public readonly component: C;
  public readonly binding: Binding;
  /** The paths of the rules that the provider returned, by event. */
  public readonly rules: { [event: string]: string } = {};
  /** The paths of the rules that the provider asked its neighbours for. */
  public readonly borrowed: string[];
  /** Every resource of the template, by its construct's path. */
  public readonly resources: { [path: string]: any };
  private readonly stack: Stack;

  constructor(private readonly contract: Contract<C>, make: Factory<C>, bound: boolean = true) {
    const stack = this.stack = new Stack(new App({ analyticsReporting: false }), STACK, { synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) });
    const beside = new Construct(stack, 'Neighbours');
    const neighbours = {
      artifactStore: new StandInArtifactStore(beside, 'ArtifactStore'),
      experimentTracker: new StandInExperimentTracker(beside, 'ExperimentTracker'),
      modelEndpoint: new StandInModelEndpoint(beside, 'ModelEndpoint'),
    };
    this.component = make(new Construct(stack, 'Provider'), neighbours);
    const steps = Object.entries(contract.verbs).map(([verb, { step }]) => step(this.component, stack, stepId(verb), neighbours));
    const target: events.IRuleTarget = { bind: () => ({ arn: 'arn:aws:sqs:us-east-1:000000000000:told' }) };
    for (const [event, { rule }] of Object.entries(contract.events)) this.rules[event] = rule(this.component, event, target).node.path;
    this.borrowed = Object.values<StandIn>(neighbours).flatMap(({ rules }) => rules);
    this.machine(stack, steps);
    this.client(stack, bound);
    new Publication(stack, 'Publication', { component: contract.component, of: this.component });
    this.binding = this.component.bind(new Nobody());
    const { Resources } = Template.fromStack(stack).toJSON();
    this.resources = Object.fromEntries(stack.node.findAll().filter(CfnResource.isCfnResource).map(({ node, logicalId }) => [node.path, Resources[stack.resolve(logicalId)]]));
  }

  /** The construct at `path` and those around it. */
  public around(path: string): IConstruct[] {
    const [, ...ids] = path.split('/');
    return ids.reduce<IConstruct[]>((scopes, id) => [...scopes, scopes.at(-1)!.node.findChild(id)], [this.stack]);
  }

  /** The definition of the state machine. */
  public get asl(): any {
    return definitionOf(this.resources[`${STACK}/Machine/Resource`]);
  }

  /** The state that is the step of `verb`. */
  public stepOf(verb: string): any {
    return this.asl.States[stepId(verb)];
  }

  private machine(stack: Stack, steps: sfn.IChainable[]) {
    const before = new sfn.Pass(stack, 'Before', { queryLanguage: sfn.QueryLanguage.JSONATA });
    const after = new sfn.Pass(stack, 'After', { queryLanguage: sfn.QueryLanguage.JSONATA, outputs: this.results() });
    const definition = [...steps, after].reduce<sfn.Chain>((chain, next) => chain.next(next), sfn.Chain.start(before));
    const machine = new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(definition), queryLanguage: sfn.QueryLanguage.JSONATA });
    machine.addToRolePolicy(BYSTANDER);
  }

  /** What a consumer reads of the steps before it. */
  private results(): { [verb: string]: string } {
    const results = Object.entries(this.contract.verbs).flatMap(([verb, { result }]) => result.map(name => [`${verb}.${name}`, `{% $${stepId(verb)}.${name} %}`]));
    return { ...Object.fromEntries(results), done: true };
  }

  private client(stack: Stack, bound: boolean) {
    const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    client.addToPolicy(BYSTANDER);
    if (!bound) return;
    Environment.of(client, this.component);
    this.contract.policies?.(this.component).forEach(statement => client.addToPolicy(statement));
  }
}

/** The id of the step of `verb`. */
export function stepId(verb: string): string {
  return verb[0].toUpperCase() + verb.slice(1);
}
