import { App, Lazy, RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { existsSync, readFileSync } from 'fs';
import { join } from 'path';
import { ComponentEvent, Jsonata, Publication } from '../../constructs/core';
import { grant, Nobody, passRole, readObjects, sagemakerArn, writeObjects } from '../../constructs/core/grants';
import { handlerFolder, packageRoot } from '../../constructs/core/package-root';
import { retention } from '../../constructs/core/retention';
import { evaluate } from '../support/jsonata';
import { actions, allowed, resource } from '../support/template';
import { Anything, role, secret } from './components';

describe('JSONata', () => {
  test.each<[any, any]>([
    ['{% $a %}', 1], ['plain "quoted" \\ text', 'plain "quoted" \\ text'], [7, 7], [true, true], [null, null], [[1, '{% $a %}'], [1, 1]],
    [{ 'x y': '{% $a + 1 %}', 'z': ["{% 'in' & 'side' %}"], 'none': undefined }, { 'x y': 2, 'z': ['inside'] }],
  ])('source of %j', async (value, expected) => {
    expect(await evaluate(`{% ${Jsonata.source(value)} %}`, { a: 1 })).toEqual(expected);
  });

  test('join', async () => {
    expect(Jsonata.join('a', '/b')).toBe('a/b');
    expect(await evaluate(Jsonata.join('s3://x/', '{% $a > 0 ? "yes" : "no" %}', '"/z'), { a: 1 })).toBe('s3://x/yes"/z');
  });

  test.each<[any, boolean]>([['{% $a %}', true], ['{%\n$a\n%}', true], ['{% $a', false], ['a {% $a %}', false], ['', false], [1, false], [['{% $a %}'], false]])('%j is an expression: %s', (value, is) => {
    expect(Jsonata.isExpression(value)).toBe(is);
    if (typeof value === 'string') expect(Jsonata.join('/', value).startsWith('{%')).toBe(is);
  });

  test('within', async () => {
    const filled = Jsonata.within({ job: '{% $a %}', names: ['x', '{% $a %}'] }, { path: "{% '/jobs/' & $job %}", plain: '$job', deep: [{ n: '{% $count($names) %}', no: null }, 7] });

    expect(await evaluate(filled.path, { a: 1 })).toBe('/jobs/1');
    expect(await evaluate(filled.deep[0].n, { a: 1 })).toBe(2);
    expect({ ...filled, path: 0 }).toEqual({ path: 0, plain: '$job', deep: [{ n: filled.deep[0].n, no: null }, 7] });
    const reference = Lazy.any({ produce: () => 1 });
    expect(Jsonata.within({}, { reference }).reference).toBe(reference);
  });
});

describe('an event', () => {
  const stack = new Stack(new App(), 'test');
  const queue = new sqs.Queue(stack, 'Queue');
  const pattern = { source: ['acme'] };
  new ComponentEvent(stack, 'Told', { pattern, payload: { version: events.EventField.fromPath('$.detail.v'), at: events.EventField.time, kind: 'x' }, target: new targets.SqsQueue(queue) });
  new ComponentEvent(stack, 'Untold', { pattern, payload: { at: events.EventField.time } });
  const template = Template.fromStack(stack);

  test("hands its target the contract's payload", () => {
    const [target] = resource(template, 'AWS::Events::Rule', 'Told').Properties.Targets;

    expect(target.InputTransformer).toEqual({ InputPathsMap: { 'detail-v': '$.detail.v', 'time': '$.time' }, InputTemplate: '{"version":<detail-v>,"at":<time>,"kind":"x"}' });
    expect(resource(template, 'AWS::Events::Rule', 'Told').Properties.EventPattern).toEqual(pattern);
  });

  test('needs no target', () => {
    expect(resource(template, 'AWS::Events::Rule', 'Untold').Properties.Targets).toBeUndefined();
  });
});

describe('a publication', () => {
  test('says how a component is reached, with references in place of credentials', () => {
    const stack = new Stack(new App(), 'test');
    const of = new Anything(stack, 'Tracker', { provider: 'mlflow', variables: { MLFLOW_TRACKING_URI: 'https://any.dev' }, secrets: { P: { secret: secret(stack), field: 'password' }, W: { secret: secret(stack, 'acme/w') } } });
    const published = new Publication(stack, 'Publish', { component: 'experiment-tracker', of });
    const { Name, Type, Value } = resource(Template.fromStack(stack), 'AWS::SSM::Parameter').Properties;

    expect({ Name, Type }).toEqual({ Name: '/mlops/test/experiment-tracker', Type: 'String' });
    expect(JSON.parse(Value)).toEqual({
      provider: 'mlflow', address: 'https://any.dev', variables: { MLFLOW_TRACKING_URI: 'https://any.dev' },
      secrets: {
        P: { secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:acme/mlflow', field: 'password' },
        W: { secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:acme/w' },
      },
    });
    expect(stack.resolve(published.parameterArn)['Fn::Join'][1].slice(-1)).toEqual([':parameter/mlops/test/experiment-tracker']);
  });

  test('grants nobody anything', () => {
    const stack = new Stack(new App(), 'test');
    new Publication(stack, 'Publish', { component: 'x', of: new Anything(stack, 'A', {}) });

    expect(actions(Template.fromStack(stack))).toEqual([]);
    expect(new Nobody().grantPrincipal.addToPrincipalPolicy(passRole(role(stack), 'x')).statementAdded).toBe(true);
  });

  test.each<[string, (stack: Stack) => any]>([
    ['a variable', stack => ({ variables: { TOKEN: secret(stack).secretValue.unsafeUnwrap() } })],
    ['an address', () => ({ address: `https://x:${SecretValue.secretsManager('a').unsafeUnwrap()}@any.dev` })],
  ])("refuses a secret's value in %s", (_where, binding) => {
    const stack = new Stack(new App(), 'test');

    expect(() => new Publication(stack, 'Publish', { component: 'x', of: new Anything(stack, 'A', binding(stack)) }))
      .toThrow(new Error("'test/A' must bind references to secrets, got a secret's value, which CloudFormation would write in plain text"));
  });
});

describe('retention', () => {
  const scope = (context: object = {}) => new Stack(new App({ context: { ...context } }), 'test');

  test('is the default, and deleting takes two keys', () => {
    expect(retention(scope())).toBe(RemovalPolicy.RETAIN);
    expect(retention(scope(), RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)).toBe(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    expect(retention(scope({ 'cdk-mlops:allowDestroy': true }))).toBe(RemovalPolicy.RETAIN);
    expect(retention(scope({ 'cdk-mlops:allowDestroy': true }), RemovalPolicy.DESTROY)).toBe(RemovalPolicy.DESTROY);
    expect(retention(scope({ 'cdk-mlops:allowDestroy': 'true' }), RemovalPolicy.DESTROY)).toBe(RemovalPolicy.DESTROY);
  });

  test('there is nothing to take a snapshot of', () => {
    expect(() => retention(scope(), RemovalPolicy.SNAPSHOT)).toThrow(new Error("'removalPolicy' must be RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY (RemovalPolicy), got 'snapshot'"));
  });

  test.each([{}, { 'cdk-mlops:allowDestroy': 'false' }, { 'cdk-mlops:allowDestroy': false }])('one key is not enough: %j', context => {
    expect(() => retention(scope(context), RemovalPolicy.DESTROY)).toThrow(new Error(
      "'removalPolicy' must be RETAIN unless the context 'cdk-mlops:allowDestroy' is true, got DESTROY for 'test': data would be deleted with the stack",
    ));
  });
});

describe('grants', () => {
  const stack = new Stack(new App(), 'test');
  const bucket = new s3.Bucket(stack, 'Bucket', { encryptionKey: new kms.Key(stack, 'Key') });
  grant(role(stack, 'Reader'), readObjects(bucket, 'data/'));
  grant(role(stack, 'Writer'), writeObjects(bucket));
  grant(role(stack, 'Plain'), readObjects(s3.Bucket.fromBucketName(stack, 'Other', 'other')));
  const template = Template.fromStack(stack);
  const held = (id: string) => allowed(template, id).map(({ actions: names, resources }) => [names.join(' '), resources.map(name => name.replace(/[0-9A-F]{8}/, '')).join(' ')]);

  test('name each action', () => {
    expect(held('Reader')).toEqual([['s3:GetObject', '<Bucket.Arn>/data/*'], ['s3:ListBucket', '<Bucket.Arn>'], ['kms:Decrypt', '<Key.Arn>']]);
    expect(held('Writer')).toEqual([['s3:PutObject s3:AbortMultipartUpload', '<Bucket.Arn>/*'], ['kms:GenerateDataKey kms:Decrypt', '<Key.Arn>']]);
    expect(held('Plain')).toEqual([['s3:GetObject', 'arn:aws:s3:::other/*'], ['s3:ListBucket', 'arn:aws:s3:::other']]);
  });

  test("name SageMaker's resources in the stack's own partition, region and account", () => {
    expect(stack.resolve(sagemakerArn(stack, 'model', 'x'))['Fn::Join'][1].filter((part: any) => typeof part === 'object').map(({ Ref }: any) => Ref))
      .toEqual(['AWS::Partition', 'AWS::Region', 'AWS::AccountId']);
  });
});

describe('the package', () => {
  test('knows its own folder, from wherever it is', () => {
    const root = join(__dirname, '..', '..');

    expect(packageRoot()).toBe(root);
    expect(packageRoot(join(root, 'constructs', 'core'))).toBe(root);
    expect(JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).name).toBe('cdk-mlops');
  });

  test('says when it is somewhere else', () => {
    expect(() => packageRoot('/')).toThrow(/^cdk-mlops must be used from its own folder, got a copy outside of it: \//);
  });

  test('says when a handler is not built', () => {
    expect(() => handlerFolder('nothing')).toThrow(new Error(`the handler 'nothing' is not built: run 'npm run build:handlers' in ${packageRoot()}`));
    expect(existsSync(join(packageRoot(), 'scripts', 'build-handlers.mjs'))).toBe(true);
  });
});
