import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import * as fc from 'fast-check';
import { Auth, ExternalEndpoint, PrivateLink, Publication, SecretRotation, Step, WebhookSignature } from '../../lib';
import { alerter, auth, deployable, duration, fixed, orchestrator, props, registry, secret, store, subnets, text, textOrReference, tracker, trainer, vpc, wrong } from './arbitraries';
import { fuzz } from './fuzz';
import { machine } from './machine';
import { url } from './urls';

fuzz('Publication', props({ component: fc.oneof(fc.constantFrom('experiment-tracker', 'x'.repeat(200)), text), of: fc.oneof(store, tracker, trainer, registry, deployable, fixed, orchestrator, alerter) }), (stack, given) => {
  new Publication(stack, 'Publication', given);
});

const field = fc.oneof(fc.constantFrom('password', 'a.b', 'a:b', 'x}}'), textOrReference);
const user = fc.oneof(fc.constantFrom('ml', 'm:l', 'Ünal', 'x'.repeat(513)), textOrReference);
const header = fc.oneof(fc.constantFrom('x-api-key', 'X Key', 'Authorization'), textOrReference);
const address = fc.oneof(fc.constantFrom('/oauth/token', '//acme.dev/token', 'https://login.acme.dev/token', 'https://a:b@acme.dev', 'http://acme.dev/token', 'http://127.0.0.1:80/token', '/token?a=b', '/{% 1 %}'), url, textOrReference);
const fields = fc.oneof(fc.constantFrom<unknown>({}, { username: 'ml' }, { a: { b: ['{% $x %}'] } }, []), fc.dictionary(text, textOrReference, { maxKeys: 3 }));
const signature = fc.oneof(
  props({}, { signatureHeader: header, idHeader: header, timestampHeader: header, encodedKey: fc.boolean() }).map(given => () => WebhookSignature.standard(given)),
  fc.tuple(header, textOrReference).map(all => () => WebhookSignature.hmac(...all)), fc.tuple(header, textOrReference).map(all => () => WebhookSignature.token(...all)),
  wrong.map(given => () => given as WebhookSignature),
);

/** Each form of an `Auth`: its properties, and how it is made of them. */
const forms: { [form: string]: [fc.Arbitrary<any>, (given: any) => Auth] } = {
  basic: [props({ username: user, secret }, { field }), it => Auth.basic(it.username, it.secret, it.field)],
  bearer: [props({ secret }, { field }), it => Auth.bearer(it.secret, it.field)],
  header: [props({ name: header, secret }, { field, prefix: textOrReference }), it => Auth.header(it.name, it.secret, it.field, it.prefix)],
  body: [props({ name: header, secret }, { field }), it => Auth.body(it.name, it.secret, it.field)],
  oauth: [fc.record({ clientId: user, secret, options: props({ address }, { scope: textOrReference, field }) }), it => Auth.oauth(it.clientId, it.secret, it.options)],
  exchange: [
    fc.record({ caller: fc.oneof({ weight: 4, arbitrary: auth }, { weight: 1, arbitrary: wrong }), options: props({ address }, { body: fields, form: fc.boolean(), token: fc.oneof(fc.constantFrom('token', 'data.token', 'a..b'), textOrReference), header, prefix: textOrReference }) }),
    it => Auth.exchange(it.caller, it.options),
  ],
  sigv4: [
    fc.record({ secret, options: props({ region: fc.oneof(fc.constantFrom('eu-west-1', 'EU'), textOrReference), service: fc.oneof(fc.constantFrom('s3', 'execute-api', 'S3'), textOrReference) }, { accessKeyIdField: field, secretAccessKeyField: field }) }),
    it => Auth.sigv4(it.secret, it.options),
  ],
  role: [
    props(
      { region: fc.oneof(fc.constantFrom('eu-west-1', 'us-east-1', 'EU'), textOrReference), service: fc.constantFrom('sagemaker', 'sagemaker', 'execute-api', 'S3'), policies: fc.constantFrom<unknown>([], [], [], ['*']) },
      {
        headers: fc.oneof({ weight: 4, arbitrary: fc.constant({ 'X-Amz-Target': 'SageMaker.CallPartnerAppApi' }) }, { weight: 1, arbitrary: fc.dictionary(header, textOrReference, { maxKeys: 2 }) }),
        caller: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 4, arbitrary: auth }, { weight: 1, arbitrary: wrong }),
      },
    ),
    it => Auth.role(it),
  ],
  signed: [props({ secret, signature }, { field }), it => Auth.signed(it.secret, typeof it.signature === 'function' ? it.signature() : it.signature, it.field)],
};

for (const [form, [given, make]] of Object.entries(forms)) {
  fuzz(`Auth.${form}`, fc.tuple(given, fc.boolean()), (stack, [it, readWhenUsed]) => {
    const made = make(it ?? {});
    call(stack, new ExternalEndpoint('https://acme.dev', readWhenUsed ? Auth.readWhenUsed(made) : made), { path: '/', body: { a: 1 } });
  });
}

fuzz('Auth.readWhenUsed', fc.oneof(auth, wrong), (stack, given) => call(stack, new ExternalEndpoint('https://acme.dev', Auth.readWhenUsed(given)), { path: '/' }));

fuzz('SecretRotation', fc.tuple(fc.array(auth.filter(it => it !== undefined), { maxLength: 3 }), fc.array(auth.filter(it => it !== undefined), { maxLength: 2 }), fc.boolean()), (stack, [after, before, twice]) => {
  const steps = (all: Auth[], from: number) => all.map((it, at) => call(stack, new ExternalEndpoint('https://acme.dev', it), { path: '/' }, `${from}${at}`));
  steps(before, 0);
  new SecretRotation(stack, 'Rotation');
  if (twice) new SecretRotation(stack, 'Again');
  steps(after, 1);
});

fuzz('ExternalEndpoint', props({ url, auth: auth.filter(it => it !== undefined) }), (stack, given) => {
  call(stack, new ExternalEndpoint(given?.url, given?.auth), { path: '/v1' });
});

const host = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('acme.dev', 'login.acme.dev', 'acme', 'ACME.dev', 'https://acme.dev', '*.acme.dev') }, { weight: 1, arbitrary: textOrReference });
// Each another one: the templates are judged together, and a VPC takes a service once.
const someService = fc.integer({ min: 0x10000000, max: 0xffffffff }).map(number => `com.amazonaws.vpce.us-east-1.vpce-svc-${number.toString(16)}`);
const endpointService = fc.oneof({ weight: 4, arbitrary: fc.oneof(fc.constant('com.amazonaws.us-east-1.s3'), someService) }, { weight: 1, arbitrary: textOrReference });
const services = fc.oneof(
  { weight: 3, arbitrary: someService.map(name => [{ name, hosts: ['acme.dev', 'login.acme.dev'] }]) },
  { weight: 2, arbitrary: fc.array(props({ name: endpointService, hosts: fc.array(host, { maxLength: 3 }) }), { maxLength: 2 }) },
);

fuzz('PrivateLink', fc.tuple(props({ vpc, services }, { vpcSubnets: subnets }), auth.filter(it => it !== undefined)), (stack, [given, known]) => {
  new PrivateLink(stack, 'Link', given);
  call(stack, new ExternalEndpoint('https://acme.dev', known), { path: '/' });
});

const path = fc.oneof(fc.constantFrom('/', '/v1/models', '{% $x %}', '/a?b=c', 'v1'), textOrReference);
const body = fc.oneof(fc.constantFrom<unknown>({}, { a: ['{% 1 %}'] }, [], 'x', 0), fc.jsonValue());

fuzz('ExternalEndpoint.request', props({ path }, {
  method: fc.constantFrom('GET', 'POST', 'get', 'TRACE', ''), body, query: fc.dictionary(text, textOrReference, { maxKeys: 3 }),
  headers: fc.dictionary(fc.oneof({ weight: 6, arbitrary: fc.constantFrom('Idempotency-Key', 'x-a_1') }, { weight: 1, arbitrary: fc.constantFrom('Host', 'AUTHORIZATION', 'X-Amz-Date', '__proto__') }, { weight: 1, arbitrary: text }), textOrReference, { maxKeys: 2 }),
}), (stack, given) => call(stack, new ExternalEndpoint('https://acme.dev', Auth.none()), given));

fuzz('Step', props({ id: fc.oneof(fc.constantFrom('Train', 'A', 'train', 'A'.repeat(64), 'A-b'), text) }, {
  timeout: duration(0, 1, 86400), interval: duration(0, 1, 86400), result: fc.oneof(fc.constantFrom<unknown>({}, { a: '{% $called %}' }, { 'a b': 1 }), fc.dictionary(text, fc.jsonValue(), { maxKeys: 3 })),
  name: fc.oneof(fc.constantFrom('called', 'start', 'Called', 'x'.repeat(64)), text), variables: fc.constantFrom<unknown>({}, { x: '{% 1 %}' }),
}), (stack, given) => {
  const { id = 'Train', name = 'called', result = {}, ...rest } = given ?? {};
  machine(stack, new Step(stack, id, { ...rest, result, calls: [{ name, resource: 'aws-sdk:s3:listBuckets', arguments: {}, policies: [] }] }));
});

fuzz('Step.result', fc.oneof(fc.constantFrom<unknown>('metrics', 'metrics.f1', 'metrics.a b', 'metric', '.', 'metrics.', 'metrics.`'), text, wrong), (stack, given) => {
  const step = new Step(stack, 'Train', { result: { metrics: 1 }, calls: [] });
  machine(stack, step.next(new sfn.Pass(stack, 'Pass', { outputs: step.result(given), queryLanguage: sfn.QueryLanguage.JSONATA })));
});

function call(stack: any, endpoint: ExternalEndpoint, options: any, id: string = '') {
  const owner = new Construct(stack, `Owner${id}`);
  machine(owner, new Step(owner, `Call${id}`, { result: {}, calls: [endpoint.request(owner, 'called', options)] }));
}
