import * as events from 'aws-cdk-lib/aws-events';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { alerter, capturingEndpoint, modelMonitor, s3ArtifactStore } from '../../conformance';
import { Binding, IS3ArtifactStore, S3ArtifactStore, SageMakerModelEndpoint, Step } from '../../lib';
import { failures } from './failures';
import { EditedStep, SoundAlerter, SoundMonitor } from './sound';

/** What the kit says of an alerter that binds otherwise. */
function bound(binding: object): { [name: string]: string } {
  class Bound extends SoundAlerter {
    public override bind(): Binding {
      return { provider: 'acme', address: this.endpoint.url, variables: {}, probes: this.endpoint.probes('ACME_TOKEN'), ...binding };
    }
  }
  return failures(alerter(scope => new Bound(scope, 'Alerter')));
}

test.each([
  [{ provider: 'Acme Inc' }, 'binding: complete', `'provider' must be lower-case letters, digits and -, got "Acme Inc"`],
  [{ variables: { ACME_PORT: 8080 } }, 'binding: complete', "'ACME_PORT' must be a string, got 8080"],
  [{ variables: { 'ACME-URL': 'x' } }, 'binding: complete', "'ACME-URL' must be the name of an environment variable: letters, digits and _"],
  [{ address: 'https://ml:pw@acme.dev' }, 'binding: no credential', "'address' must be a URL without a user or password"],
  [{ variables: { ACME_URL: 'https://ml:pw@acme.dev' } }, 'binding: no credential', "'ACME_URL' must be a URL without a user or password"],
  [{ probes: [] }, 'binding: can be asked', "'probes' must hold one that shows 'alive', got []: ExternalEndpoint.probes makes them"],
  [{ probes: [{ shows: 'alive', url: 'https://acme.dev?key=${ACME_KEY}' }] }, 'binding: can be asked', "'probes' must take credentials from 'secrets' (none), got '${ACME_KEY}'"],
])('a binding with %j', (binding, name, line) => {
  expect(bound(binding)).toMatchObject({ [name]: line });
});

/** What the kit says of an alerter whose step is made otherwise. */
function stepped(make: (scope: Construct, id: string, sound: () => Step) => sfn.IChainable): { [name: string]: string } {
  class Stepped extends SoundAlerter {
    public override notify(scope: Construct, id: string, options: any): Step {
      return make(scope, id, () => super.notify(scope, id, options)) as Step;
    }
  }
  return failures(alerter(scope => new Stepped(scope, 'Alerter')));
}

test('a step under another id', () => {
  const { 'notify: request': line, 'swap: confined': swap } = stepped(scope => new Step(scope, 'Alert', { calls: [], result: { id: 'x' } }));

  expect(line).toBe("'notify' must return a step by the id that it was given, 'Notify', got Before, Alert, After");
  expect(swap).toBe("'conformance/Machine/Resource' must be the same whoever provides the component, got a change of this AWS::StepFunctions::StateMachine");
});

test('a step that leaves its result in no variable', () => {
  class Unassigned extends EditedStep {
    public override toStateJson(): object {
      return { ...super.toStateJson(), Assign: undefined };
    }
  }
  expect(stepped((scope, id) => new Unassigned(scope, id, { calls: [], result: { id: 'x' } }, () => {}))['notify: result']).toBe("'Notify' must leave its result in the variable '$Notify'");
});

/** What the kit says of a monitor whose rule is made otherwise. */
function ruled(make: (monitor: Construct, id: string, target: events.IRuleTarget) => events.Rule): { [name: string]: string } {
  class Ruled extends SoundMonitor {
    public override onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
      return make(this, id, target);
    }
  }
  return failures(modelMonitor(scope => new Ruled(scope, 'Monitor')));
}

test.each<[string, Parameters<typeof ruled>[0], string]>([
  ['on a schedule', (monitor, id, target) => new events.Rule(monitor, id, { schedule: events.Schedule.cron({}), targets: [target] }), "'onUnhealthy' must be a rule with a pattern, got a rule without"],
  ['without a target', (monitor, id) => new events.Rule(monitor, id, { eventPattern: { source: ['acme'] } }), "'onUnhealthy' must tell its target, got 0 targets"],
])('an event that is a rule %s', (_how, make, line) => {
  expect(ruled(make)).toEqual({ 'onUnhealthy: payload': line });
});

test.each([
  [{ prefix: 'ml' }, "'prefix' must be empty or end in one '/', got 'ml'"],
  [{ prefix: '/ml/' }, "'prefix' must be empty or end in one '/', got '/ml/'"],
  [{ uriFor: () => 's3://data.csv' }, /^'uriFor' must answer 's3:\/\/.+\/data\/train\.csv' for 'data\/train\.csv', got 's3:\/\/data\.csv'$/],
])('a store with %j', (properties, line) => {
  const { 'properties: addresses': got } = failures(s3ArtifactStore(scope => Object.assign(new S3ArtifactStore(scope, 'Store'), properties) as IS3ArtifactStore));

  if (typeof line === 'string') expect(got).toBe(line);
  else expect(got).toMatch(line);
});

test('an endpoint that captures to no store', () => {
  class Captured extends SageMakerModelEndpoint {
    public override readonly captureUri = '/captured';
  }
  const cases = capturingEndpoint((scope, { artifactStore: store }) => new Captured(scope, 'Endpoint', { artifactStore: store, modelUri: 's3://acme/model.tar.gz' }));
  expect(failures(cases)).toEqual({ 'properties: capture': "'captureUri' must be an s3:// address, got '/captured'" });
});
