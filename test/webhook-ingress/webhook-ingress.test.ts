import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { WebhookSignature } from '../../constructs/core';
import { WebhookIngress, WebhookIngressProps } from '../../constructs/webhook-ingress';
import { allowed, resource } from '../support/template';

const HEADERS = { signatureHeader: 'X-Acme-Signature', idHeader: 'X-Acme-Id', timestampHeader: 'X-Acme-Timestamp' };
const SIGNATURE = WebhookSignature.standard(HEADERS);

function made(props: Partial<WebhookIngressProps> = {}): Template {
  const stack = new Stack(new App(), 'test');
  new WebhookIngress(stack, 'Ingress', { secret: secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/signing'), signature: SIGNATURE, ...props });
  return Template.fromStack(stack);
}

describe('minimal', () => {
  const template = made();

  test('one route, held to a few requests a second, with a log', () => {
    expect(resource(template, 'AWS::ApiGatewayV2::Route').Properties.RouteKey).toBe('POST /');
    expect(resource(template, 'AWS::ApiGatewayV2::Stage').Properties).toMatchObject({
      StageName: '$default', DefaultRouteSettings: { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 }, AccessLogSettings: { DestinationArn: expect.anything() },
    });
  });

  test('the function knows where the secret is, never what it is', () => {
    const { Variables } = resource(template, 'AWS::Lambda::Function').Properties.Environment;

    expect(Object.keys(Variables).sort()).toEqual(['BUS', 'SECRET_ARN', 'SIGNATURE', 'SOURCE', 'TABLE']);
    expect(JSON.parse(Variables.SIGNATURE)).toEqual({ form: 'standard', headers: HEADERS, prefix: '', encodedKey: true });
    expect(JSON.stringify(template.toJSON())).not.toContain('{{resolve:secretsmanager');
  });

  test('the function may do its work, no more', () => {
    expect(allowed(template, 'IngressReceiverRole').map(({ actions }) => actions)).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'], ['secretsmanager:GetSecretValue'], ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'], ['events:PutEvents'],
    ]);
  });

  test('what was passed on is forgotten', () => {
    expect(resource(template, 'AWS::DynamoDB::Table').Properties.TimeToLiveSpecification).toEqual({ AttributeName: 'expires', Enabled: true });
  });
});

test('maximal', () => {
  expect(resource(made({ secretField: 'webhooks' }), 'AWS::Lambda::Function').Properties.Environment.Variables.SECRET_FIELD).toBe('webhooks');
});

test.each<[string, any]>([
  ["'secret' must be a secret (secretsmanager.ISecret), got 'x'", { secret: 'x' }],
  ["'secretField' must be a field of the secret's JSON, of letters, digits and _ . - / + = @, got 'a b'", { secretField: 'a b' }],
  ["'signature' must be a WebhookSignature, got {", { signature: { ...HEADERS } }],
])('%s', (message, props) => {
  expect(() => made(props)).toThrow(message);
});

test.each<[string, () => WebhookSignature]>([
  ["'idHeader' must be a header's name of letters, digits and -, got 'a b'", () => WebhookSignature.standard({ ...HEADERS, idHeader: 'a b' })],
  ["'encodedKey' must be true or false, got 'no'", () => WebhookSignature.standard({ encodedKey: 'no' as any })],
  ["'header' must be a header's name of letters, digits and -, got ''", () => WebhookSignature.hmac('')],
  ["'prefix' must be at most 100 characters of ASCII, got 'größer'", () => WebhookSignature.token('Authorization', 'größer')],
])('%s', (message, make) => {
  expect(make).toThrow(message);
});
