import { Stack } from 'aws-cdk-lib';
import * as z from 'zod';
import { access, auth, credential, held, IMAGE, key, policy, refuse, removal, secretName, toImage } from '../../lib/catalogue/fields';

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
  for (const settings of [{ username: 'ml' }, { field: 'b' }, { auth: { webhook: 'standard' } }]) {
    expect(() => scheme(settings)).toThrow(new Error(`'secret' must name the secret that goes with '${Object.keys(settings)[0]}', got none`));
  }
});

describe('a credential in another form', () => {
  const url = 'https://acme.dev';
  const made = (form: object, more: object = {}) => {
    const settings = { secret: 'a', ...more, auth: form };
    expect(z.strictObject(access(z)).safeParse(settings).error?.issues).toBeUndefined();
    return auth(stack(), 'Tracker', settings);
  };

  test.each<[object, object, string, object]>([
    [{ header: { name: 'X-Key', prefix: 'Key ' } }, { field: 'b' }, 'header', { headers: { 'X-Key': 'Key k' } }],
    [{ oauth: { clientId: 'ml', address: '/token', scope: 'all' } }, {}, 'oauth', {
      headers: { Authorization: 'Bearer ${token}' },
      token: { url: `${url}/token`, form: true, body: { grant_type: 'client_credentials', scope: 'all', client_id: 'ml', client_secret: 'k' }, field: 'access_token' },
    }],
    [{ exchange: { address: '/token', tokenField: 'data.token', form: true, body: { a: 1 } } }, { username: 'ml' }, 'exchange', {
      headers: { Authorization: 'Bearer ${token}' }, token: { url: `${url}/token`, form: true, basic: 'ml:k', body: { a: 1 }, field: 'data.token' },
    }],
    [{ exchange: { address: '/token', header: 'X-Token', prefix: '' } }, {}, 'exchange', {
      headers: { 'X-Token': '${token}' }, token: { url: `${url}/token`, form: undefined, headers: { Authorization: 'Bearer k' }, body: undefined, field: 'access_token' },
    }],
    [{ login: { address: '/token', secretAs: 'password', body: { username: 'ml' } } }, {}, 'exchange', {
      headers: { Authorization: 'Bearer ${token}' }, token: { url: `${url}/token`, form: undefined, body: { username: 'ml', password: 'k' }, field: 'access_token' },
    }],
    [{ sigv4: { region: 'eu-west-1', service: 's3', accessKeyIdField: 'id' } }, {}, 'sigv4', {
      signature: { keys: 'k', accessKeyIdField: 'id', secretAccessKeyField: 'secretAccessKey', region: 'eu-west-1', service: 's3' },
    }],
    [{ hmac: { header: 'X-Hub-Signature-256', prefix: 'sha256=' } }, {}, 'signed', { webhook: { secret: 'k', form: 'hmac', headers: { header: 'X-Hub-Signature-256' }, prefix: 'sha256=', encodedKey: false } }],
    [{ webhook: 'standard' }, {}, 'signed', { webhook: { form: 'standard', encodedKey: true } }],
  ])('%j', (form, more, scheme, credentials) => {
    const given = made(form, more);

    expect(given.scheme).toBe(scheme);
    expect(given.credentials('k', url)).toMatchObject(credentials);
  });

  test.each<[object, object, string]>([
    [{ header: { name: 'X Key' } }, {}, "'auth.header.name' must be a header's name of letters, digits, - and _, got 'X Key'"],
    [{ oauth: { clientId: 'ml', address: 'token' } }, {}, "'auth.oauth.address' must be a path from the '/', or an https:// URL, got 'token'"],
    [{ oauth: { clientId: 'ml', address: '/token' } }, { username: 'ml' }, "'username' must be left out with 'auth.oauth', got 'ml': it is the 'clientId'"],
    [{ exchange: { address: '/token', tokenField: 'a b' } }, {}, "'auth.exchange.tokenField' must be a field's name, or a path such as 'data.token', got 'a b'"],
    [{ exchange: { address: '/token' } }, { username: 'm:l' }, "'username' must be 1 to 512 characters without ':', got 'm:l'"],
    [{ login: { address: '/token', secretAs: 'a b' } }, {}, "'auth.login.secretAs' must be a field's name of letters, digits, - and _, got 'a b'"],
    [{ login: { address: '/token', secretAs: 'password' } }, { username: 'ml' }, "'username' must be left out with 'auth.login', got 'ml': put it into the 'body'"],
    [{ sigv4: { region: 'EU', service: 's3' } }, {}, "'auth.sigv4.region' must be a region of lower-case letters, digits and -, got 'EU'"],
    [{ sigv4: { region: 'eu-west-1', service: 's3' } }, { field: 'b' }, "'field' must be left out with 'auth.sigv4', got 'b': 'accessKeyIdField' and 'secretAccessKeyField' name the fields"],
    [{ hmac: { header: 'X', prefix: 'größer' } }, {}, "'auth.hmac.prefix' must be at most 100 characters of ASCII, got 'größer'"],
    [{ webhook: 'standard' }, { username: 'ml' }, "'username' must be left out with 'auth.webhook', got 'ml': the service is told no user"],
    [{ webhook: 'standard' }, { field: 'a:b' }, "'field' must be a field of the secret's JSON, of letters, digits and _ . - / + = @, got 'a:b'"],
  ])('%j with %j is refused', (form, more, message) => {
    expect(() => made(form, more)).toThrow(expect.objectContaining({ message }));
  });
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
