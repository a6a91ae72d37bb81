import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { SnsAlerter } from '../../lib';
import { error, execute } from '../support/machine';
import { allowed, definition, resource } from '../support/template';
import { notifying } from './notify';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

describe('the default alerter', () => {
  const stack = new Stack(new App(), 'test');
  const alerter = new SnsAlerter(stack, 'Alerter');
  const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const binding = alerter.bind(client);
  const template = notifying(stack, alerter);
  const topic = expect.stringMatching(/^<Alerter(?!Key).*>$/);

  const send = async (input: object) => {
    const sent: any[] = [];
    const { output } = await execute(definition(template, 'Machine'), (_name, request) => {
      sent.push(request);
      return { MessageId: 'm-1' };
    }, input);
    return { output, sent };
  };

  test('sends one message, and answers its id', async () => {
    expect(await send({ run: 'r1', message: 'Cause: x' })).toEqual({ output: { id: 'm-1' }, sent: [{ TopicArn: topic, Subject: 'Run r1', Message: 'Cause: x' }] });
  });

  test.each([
    ['a\nb\r\n\tc\u0000d', 'Run a b c d'],
    ['Modèle déployé', 'Run Modèle déployé'],
    ['x'.repeat(300), `Run ${'x'.repeat(95)}`],
  ])('makes a subject of %j that SNS takes', async (run, subject) => {
    expect((await send({ run, message: 'm' })).sent[0].Subject).toBe(subject);
  });

  test('a topic that may not be written to is Mlops.Unauthorized', async () => {
    const { error: failure } = await execute(definition(template, 'Machine'), () => { throw error('SNS.AuthorizationErrorException', 'is not authorized to perform: SNS:Publish'); }, { run: 'r', message: 'm' });

    expect(failure?.Error).toBe('Mlops.Unauthorized');
  });

  test('is an encrypted topic, over TLS only, without a subscriber', () => {
    expect(resource(template, 'AWS::SNS::Topic').Properties).toEqual({ KmsMasterKeyId: expect.stringMatching(/^<AlerterKey.*\.Arn>$/) });
    expect(resource(template, 'AWS::KMS::Key').Properties.EnableKeyRotation).toBe(true);
    expect(resource(template, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument.Statement).toEqual([
      expect.objectContaining({ Effect: 'Deny', Action: 'sns:Publish', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    ]);
    template.resourceCountIs('AWS::SNS::Subscription', 0);
  });

  test('who binds or notifies may publish to this topic with its key, and nothing else', () => {
    const statements = [
      { actions: ['sns:Publish'], resources: [topic], condition: undefined },
      { actions: ['kms:GenerateDataKey', 'kms:Decrypt'], resources: [expect.stringMatching(/^<AlerterKey.*\.Arn>$/)], condition: undefined },
    ];
    expect(binding).toEqual({ provider: 'sns', address: alerter.topic.topicArn, variables: { MLOPS_ALERT_TOPIC: alerter.topic.topicArn } });
    expect(allowed(template, 'Client')).toEqual(statements);
    expect(allowed(template, 'MachineRole')).toEqual(statements);
  });
});

test('an e-mail address is subscribed, a key is used', () => {
  const stack = new Stack(new App(), 'test');
  new SnsAlerter(stack, 'Alerter', { email: 'ml@acme.dev', encryptionKey: new kms.Key(stack, 'Mine') });
  const template = Template.fromStack(stack);

  expect(resource(template, 'AWS::SNS::Subscription').Properties).toEqual({ Protocol: 'email', Endpoint: 'ml@acme.dev', TopicArn: expect.stringMatching(/^<Alerter/) });
  expect(resource(template, 'AWS::SNS::Topic').Properties.KmsMasterKeyId).toMatch(/^<Mine/);
  template.resourceCountIs('AWS::KMS::Key', 1);
});

test('a topic that exists is used, and nothing is made', () => {
  const stack = new Stack(new App(), 'test');
  const topic = sns.Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:us-east-1:000000000000:theirs');
  const template = notifying(stack, SnsAlerter.fromTopic(stack, 'Alerter', { topic }), 'A subject');

  expect(allowed(template, 'MachineRole')).toEqual([{ actions: ['sns:Publish'], resources: ['arn:aws:sns:us-east-1:000000000000:theirs'], condition: undefined }]);
  for (const type of ['AWS::SNS::Topic', 'AWS::KMS::Key']) template.resourceCountIs(type, 0);
});

test('the key of a topic that exists may be used', () => {
  const stack = new Stack(new App(), 'test');
  const topic = sns.Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:us-east-1:000000000000:theirs');
  const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:us-east-1:000000000000:key/theirs');
  const template = notifying(stack, SnsAlerter.fromTopic(stack, 'Alerter', { topic, encryptionKey }), 'A subject');

  expect(allowed(template, 'MachineRole')[1]).toEqual({ actions: ['kms:GenerateDataKey', 'kms:Decrypt'], resources: ['arn:aws:kms:us-east-1:000000000000:key/theirs'], condition: undefined });
});

test('what is no e-mail address is refused', () => {
  expect(() => new SnsAlerter(new Stack(), 'Alerter', { email: 'ml@acme' })).toThrow(new Error("'email' must be an e-mail address, got 'ml@acme'"));
});
