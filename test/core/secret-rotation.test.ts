import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Auth, ExternalEndpoint, SecretRotation, Step } from '../../constructs/core';
import { updated } from '../../constructs/core/handlers/propagate/updated';
import { allowed, definition, resource, states } from '../support/template';
import { secret } from './components';

/** The template of a machine that asks one service, in a stack whose secrets are rotated, or not. */
function asked(auth: (stack: Stack) => Auth, rotated: boolean = true): Template {
  const stack = new Stack(new App(), 'test');
  if (rotated) new SecretRotation(stack, 'Rotation');
  const step = new Step(stack, 'Ask', { calls: [new ExternalEndpoint('https://acme.dev', auth(stack)).request(new Construct(stack, 'Owner'), 'answer', { path: '/' })], result: {} });
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });
  return Template.fromStack(stack);
}

const bearer = (stack: Stack) => Auth.bearer(secret(stack), 'token');
const retries = (template: Template) => states(definition(template))['Ask: answer'].Retry.map(({ ErrorEquals }: any) => ErrorEquals);

describe('a stack whose secrets are rotated', () => {
  const template = asked(bearer);

  test('tells a function when the secret has a new value, and never what it is', () => {
    const { EventPattern, Targets: [{ Input }] } = resource(template, 'AWS::Events::Rule').Properties;

    expect(EventPattern).toMatchObject({
      'source': ['aws.secretsmanager'], 'detail-type': ['Secret Label Updated'], 'detail': { labelUpdated: ['AWSCURRENT'] },
      'resources': [{ prefix: expect.anything() }],
    });
    expect(JSON.stringify(Input)).toContain('Bearer ${CREDENTIAL}');
    expect(JSON.stringify(Input)).not.toContain('resolve:');
  });

  test('lets the function read this secret and update this connection, no more', () => {
    expect(allowed(template, 'RotationFunctionRole').map(({ actions, resources }) => [actions, resources])).toEqual([
      [['logs:CreateLogStream', 'logs:PutLogEvents'], [expect.stringMatching(/^<RotationFunctionLog/)]],
      [['secretsmanager:GetSecretValue'], ['arn:aws:secretsmanager:us-east-1:000000000000:secret:acme/mlflow-??????']],
      [['events:UpdateConnection'], [expect.stringMatching(/^<OwnerConnection.*ArnForPolicy>$/)]],
      [
        ['secretsmanager:CreateSecret', 'secretsmanager:UpdateSecret', 'secretsmanager:PutSecretValue', 'secretsmanager:GetSecretValue'],
        [expect.stringMatching(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:events!connection\/<OwnerConnection\w+>\/\*$/)],
      ],
    ]);
  });

  test('lets steps wait when they are refused', () => {
    expect(retries(template)).toContainEqual(['States.Http.StatusCode.401', 'Events.ConnectionResource.InvalidConnectionState']);
    expect(retries(asked(stack => Auth.readWhenUsed(bearer(stack))))).toContainEqual(['Http.StatusCode.401', 'Http.AccessDenied']);
    expect(retries(asked(bearer, false)).flat()).not.toContain('States.Http.StatusCode.401');
  });

  test('knows a secret by its whole ARN where it has one', () => {
    const whole = (stack: Stack) => Auth.bearer(new secretsmanager.Secret(stack, 'Secret'));

    expect(resource(asked(whole), 'AWS::Events::Rule').Properties.EventPattern.resources).toEqual([expect.stringMatching(/^<Secret\w+>$/)]);
  });

  test.each<[string, (stack: Stack) => Auth]>([['no secret', () => Auth.none()], ['a secret that is read when it is used', stack => Auth.readWhenUsed(bearer(stack))]])('needs no rule for %s', (_name, auth) => {
    asked(auth).resourceCountIs('AWS::Events::Rule', 0);
  });
});

test('a second one is refused, and one that comes too late', () => {
  const stack = new Stack(new App(), 'test');
  new SecretRotation(stack, 'Rotation');
  expect(() => new SecretRotation(stack, 'Other')).toThrow(new Error("'test/Other' must be the only SecretRotation of its stack, got it besides 'test/Rotation'"));

  const late = new Stack(new App(), 'late');
  new ExternalEndpoint('https://acme.dev', Auth.none()).request(new Construct(late, 'Owner'), 'a', { path: '/' });
  expect(() => new SecretRotation(late, 'Rotation')).toThrow(new Error("'late/Rotation' must be made before the components that call services, got it after 'late/Owner'"));
});

describe('what a connection is updated to', () => {
  const connection = { Name: 'c', AuthorizationType: 'API_KEY', AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'Authorization', ApiKeyValue: 'Bearer ${CREDENTIAL}' } } };

  test('is the new value, a whole secret or a field', () => {
    const value = (it: ReturnType<typeof updated>) => it.AuthParameters.ApiKeyAuthParameters.ApiKeyValue;

    expect(value(updated({ secret: 's', connection }, '$& new'))).toBe('Bearer $& new');
    expect(value(updated({ secret: 's', field: 'token', connection }, '{"token":"new"}'))).toBe('Bearer new');
  });

  test.each<[string | undefined, string, string]>([
    [undefined, '', "'s' is empty"], ['token', '{"other":"hidden"}', "'s' is no JSON object with a text in its field 'token'"], ['token', 'hidden', "'s' is no JSON object with a text in its field 'token'"],
  ])('is refused for the field %s of %j', (field, text, message) => {
    expect(() => updated({ secret: 's', field, connection }, text)).toThrow(new Error(message));
  });
});
