import { Stack } from 'aws-cdk-lib';
import * as z from 'zod';
import { auth, credential, held, IMAGE, key, policy, refuse, removal, secretName, toImage } from '../../lib/catalogue/fields';

const ARN = 'arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:acme/ml+flow=1.@x-AbCd12';
const stack = () => new Stack(undefined, 'Stack');

describe('a secret', () => {
  test.each([ARN, 'acme/mlflow', 'a', 'A_b/c+d=e.f@g-h', 'x'.repeat(512)])('may be %.60s', name => {
    expect(secretName(z).safeParse(name).success).toBe(true);
  });

  test.each([
    ARN.slice(0, -1), `${ARN}x:`, `x${ARN}`, ARN.replace('111122223333', '11112222333'), ARN.replace('111122223333', 'aaaabbbbcccc'), ARN.replace(/-......$/, '-Ab_d12'),
    ARN.replace('aws-us-gov:', ':'), ARN.replace('us-gov-west-1', ''), ARN.replace('acme/ml+flow=1.@x', ''), ARN.replace('ml+flow', 'ml flow'), ARN.replace('secretsmanager', 'ssm'),
    '', 'a b', 'x'.repeat(513), 'a\n', 'a:b',
  ])('may not be %.90j', name => {
    expect(secretName(z).safeParse(name).error?.issues[0].message).toBe('must be the name, or the whole ARN, of a secret in AWS Secrets Manager');
  });

  test('is found by its name or its whole ARN', () => {
    const made = stack();

    expect(held(made, 'Tracker', ARN).secretFullArn).toBe(ARN);
    expect(held(made, 'Alerter', 'acme/slack').secretFullArn).toBeUndefined();
    expect(made.node.children.map(({ node }) => node.id)).toEqual(['TrackerSecret', 'AlerterSecret']);
  });
});

test('what names a credential', () => {
  const shapes = [credential, key].map(fields => z.strictObject(fields(z)));

  expect(shapes.map(shape => shape.safeParse({ secret: 'a', field: 'b' }).success)).toEqual([true, true]);
  expect(shapes.map(shape => shape.safeParse({}).success)).toEqual([true, false]);
  expect(shapes.map(shape => shape.safeParse({ secret: 'a', username: 'ml' }).success)).toEqual([true, false]);
  expect(shapes.map(shape => shape.safeParse({ secret: 'a b' }).success)).toEqual([false, false]);
  expect(shapes.map(shape => shape.safeParse({ secret: 'a', field: 1 }).success)).toEqual([false, false]);
});

test('who is called how', () => {
  const scheme = (settings: object) => auth(stack(), 'Tracker', settings).scheme;

  expect([{}, { secret: 'a' }, { secret: 'a', field: 'b' }, { secret: 'a', username: 'ml' }].map(scheme)).toEqual(['none', 'bearer', 'bearer', 'basic']);
  expect(auth(stack(), 'Tracker', { secret: 'a', username: 'ml', field: 'b' })).toMatchObject({ username: 'ml', credential: { field: 'b' } });
  for (const settings of [{ username: 'ml' }, { field: 'b' }]) {
    expect(() => scheme(settings)).toThrow(new Error("'secret' must name the secret that goes with 'username' or 'field', got none"));
  }
});

test('what takes no effect is refused', () => {
  expect(() => refuse({ a: 1, b: 'x', c: 2 }, ['d', 'b', 'c'], 'with', 'a', 'why')).toThrow(new Error("'b' must be left out with 'a', got 'x': why"));
  expect(() => refuse({ a: 1 }, ['b'], 'without', 'c', 'why')).not.toThrow();
});

test('what becomes of data', () => {
  expect([undefined, 'retain', 'destroy', 'delete'].map(value => removal(z).safeParse(value).success)).toEqual([true, true, true, false]);
  expect([undefined, 'retain', 'destroy'].map(policy)).toEqual([undefined, undefined, 'destroy']);
});

describe('an image', () => {
  const URI = '111122223333.dkr.ecr.us-east-1.amazonaws.com/acme/image:1';

  test('is scikit-learn, of some version, or of a repository', () => {
    expect(['scikit-learn', 'scikit-learn:1.2-1', URI].filter(image => IMAGE.test(image))).toHaveLength(3);
    expect(['', 'scikit-learn:', 'scikit-learnt', 'my-scikit-learn', 'xgboost', '1111.dkr.ecr.us-east-1.amazonaws.com/a', `a${URI}`, '111122223333.dkr.ecr.', 'aaaabbbbcccc.dkr.ecr.a/b'].filter(image => IMAGE.test(image))).toEqual([]);
  });

  test('is resolved', () => {
    const uri = (image: string) => toImage(image).bind(stack()).uri;

    expect(uri(URI)).toBe(URI);
    expect(uri(URI.replace('acme/image:1', 'scikit-learn'))).toBe(URI.replace('acme/image:1', 'scikit-learn'));
    expect(uri('scikit-learn')).toMatch(/sagemaker-scikit-learn:\d/);
    expect(uri('scikit-learn:1.2-1')).toMatch(/sagemaker-scikit-learn:1\.2-1/);
  });
});
