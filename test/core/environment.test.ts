import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Environment } from '../../constructs/core';
import { allowed, render } from '../support/template';
import { Anything, role, secret } from './components';

const NAMED = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:acme/mlflow';
const inline = (stack: Stack, environment: Environment) => render(stack.resolve(environment.inline));

test('without components it is empty and grants nothing', () => {
  const stack = new Stack(new App(), 'test');
  const environment = Environment.of(role(stack));

  expect(environment.inline).toEqual({});
  expect(environment.hasSecrets).toBe(false);
  Template.fromStack(stack).resourceCountIs('AWS::IAM::Policy', 0);
});

test('it merges what components bind, in the form that each host takes', () => {
  const stack = new Stack(new App(), 'test');
  const tracker = new Anything(stack, 'Tracker', { variables: { URI: 'https://a.dev', SAME: '1' }, secrets: { TOKEN: { secret: secret(stack), field: 'token' } } });
  const registry = new Anything(stack, 'Registry', { variables: { REGISTRY: 'r', SAME: '1' }, secrets: { KEY: { secret: secret(stack, 'acme/key') } } });
  const environment = Environment.of(role(stack), tracker, registry);

  expect(environment.variables).toEqual({ URI: 'https://a.dev', REGISTRY: 'r', SAME: '1' });
  expect(inline(stack, environment)).toEqual({
    URI: 'https://a.dev', REGISTRY: 'r', SAME: '1', MLOPS_SECRET_TOKEN: `${NAMED}:token`, MLOPS_SECRET_KEY: NAMED.replace('mlflow', 'key'),
  });
  expect(environment.hasSecrets).toBe(true);
  expect(Object.keys(environment.ecsSecrets)).toEqual(['TOKEN', 'KEY']);
  expect(render(stack.resolve(environment.ecsSecrets.TOKEN.arn))).toBe(`${NAMED}:token::`);
  expect(render(stack.resolve(environment.batchSecrets.KEY.arn))).toBe(NAMED.replace('mlflow', 'key'));
});

test('its client may read the secrets and nothing else; a key of their own opens for it', () => {
  const stack = new Stack(new App(), 'test');
  const own = new secretsmanager.Secret(stack, 'Own', { encryptionKey: new kms.Key(stack, 'Key') });
  Environment.of(role(stack), new Anything(stack, 'A', { secrets: { A: { secret: secret(stack) }, B: { secret: own, field: 'b' } } }));

  const held = allowed(Template.fromStack(stack), 'Role');
  expect(held.map(({ actions }) => actions)).toEqual([['secretsmanager:GetSecretValue'], ['secretsmanager:GetSecretValue'], ['kms:Decrypt']]);
  expect(held[0].resources).toEqual([`${NAMED}-??????`]);
  expect(held[1].resources).toEqual([expect.stringMatching(/^<Own[0-9A-F]{8}>$/)]);
  expect(held[2].resources).toEqual([expect.stringMatching(/^<Key[0-9A-F]{8}.Arn>$/)]);
});

test('two components that want one variable with different values are refused', () => {
  const stack = new Stack(new App(), 'test');
  const [one, two] = ['one', 'two'].map(name => new Anything(stack, name, { variables: { URI: `https://${name}.dev` } }));

  expect(() => Environment.of(role(stack), one, two))
    .toThrow(new Error("'URI' must have one value, got 'https://one.dev' and 'https://two.dev' from 'test/two': a workload can use only one of the two"));
});

test('two components that want one secret with different values are refused, and the same one is not', () => {
  const stack = new Stack(new App(), 'test');
  const [one, two, same] = ['one', 'two', 'same'].map((name, index) => new Anything(stack, name, { secrets: { TOKEN: { secret: secretsmanager.Secret.fromSecretNameV2(stack, `S${name}`, 'a'), field: ['x', 'y', 'x'][index] } } }));
  const client = role(stack);

  expect(() => Environment.of(client, one, two)).toThrow(/^'TOKEN' must have one value, got '.*:x' and '.*:y' from 'test\/two': a workload can use only one of the two$/);
  expect(() => Environment.of(client, one, same)).not.toThrow();
});

test('a name that is a variable and a secret is refused', () => {
  const stack = new Stack(new App(), 'test');

  expect(() => Environment.of(role(stack), new Anything(stack, 'A', { variables: { TOKEN: 'x' } }), new Anything(stack, 'B', { secrets: { TOKEN: { secret: secret(stack) } } })))
    .toThrow(new Error("'TOKEN' must be a variable or a secret, got both, the latter from 'test/B'"));
});
