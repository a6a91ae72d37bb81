import { readFileSync } from 'fs';
import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Snapshot, strays } from './difference';
import { outcome, SECTIONS, snapshot, swaps } from './matrix';
import { PAGE, page } from './page';
import { lineOf, PAIRS } from './pairs';

const matrix = swaps().map(swap => ({ ...swap, ...outcome(swap) }));

test.each(matrix)('$section: $provider in the place of the default shows in what is its own, and nowhere else', swap => {
  expect(swap.strays).toEqual([]);
});

test.each(matrix.filter(({ refused }) => refused !== undefined))('$section: $provider is refused in one line that names a field', ({ refused }) => {
  expect(refused).toMatch(/^'[\w.]+' .+, got .+$/);
});

test.each(PAIRS)('$one beside $other is refused in one line that names a property', pair => {
  expect(lineOf(pair)).toMatch(/^'[\w.]+' .+, got .+$/);
});

test('the page says so (npm run swaps)', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(page(matrix));
});

describe('what strays is found', () => {
  const standard = snapshot({});
  const pipeline = snapshot({ pipeline: { approval: 'automatic' } });

  test.each(Object.keys(SECTIONS))('a change of the alerter and the registry in the place of one of %s', section => {
    const changed = snapshot({ registry: { group: 'churn' }, alerter: { topic: 'arn:aws:sns:us-east-1:111122223333:alerts' } });

    expect(strays(standard, changed, SECTIONS[section])).not.toEqual([]);
  });

  test('a state of a step that is not its own', () => {
    expect(strays(standard, pipeline, SECTIONS.tracker)).toContain("Orchestrator/training/Resource: state 'Approve'");
  });

  test.each<[string, string, (stack: Stack) => void]>([
    ['a resource', 'Queue/Resource is new', stack => new sqs.Queue(stack, 'Queue')],
    ['a permission', 'Role/DefaultPolicy/Resource: Allow s3:GetObject arn:aws:s3:::other/*', stack => (stack.node.findChild('Role') as iam.Role).addToPolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::other/*'] }))],
    ['an attribute', 'Role/Resource changes', stack => ((stack.node.findChild('Role') as iam.Role).node.defaultChild as iam.CfnRole).description = 'other'],
  ])('%s', (_name, found, change) => {
    const make = (alter: (stack: Stack) => void) => Snapshot.of(app => {
      const stack = new Stack(app as App, 'stack');
      new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }).addToPolicy(new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: ['*'] }));
      alter(stack);
      return stack;
    });

    expect(strays(make(() => undefined), make(change), SECTIONS.tracker)).toEqual([found]);
  });
});
