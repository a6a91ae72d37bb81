import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as fc from 'fast-check';
import { Auth, ExternalEndpoint, Publication, Step } from '../../lib';
import { alerter, auth, deployable, duration, fixed, orchestrator, props, registry, secret, store, text, textOrReference, tracker, trainer, wrong } from './arbitraries';
import { fuzz } from './fuzz';
import { machine } from './machine';
import { url } from './urls';

fuzz('Publication', props({ component: fc.oneof(fc.constantFrom('experiment-tracker', 'x'.repeat(200)), text), of: fc.oneof(store, tracker, trainer, registry, deployable, fixed, orchestrator, alerter) }), (stack, given) => {
  new Publication(stack, 'Publication', given);
});

const field = fc.oneof(fc.constantFrom('password', 'a.b', 'a:b', 'x}}'), textOrReference);
const credentials = {
  basic: props({ username: fc.oneof(fc.constantFrom('ml', 'm:l', 'Ünal', 'x'.repeat(513)), textOrReference), secret }, { field }),
  bearer: props({ secret }, { field }),
  header: props({ name: fc.oneof(fc.constantFrom('x-api-key', 'X Key', 'Authorization'), textOrReference), secret }, { field, prefix: textOrReference }),
};

fuzz('Auth', fc.oneof(...Object.entries(credentials).map(([scheme, given]) => fc.tuple(fc.constant(scheme), given))), (stack, [scheme, given]) => {
  const { username, name, secret: held, field: of, prefix } = given ?? {};
  const made = { basic: () => Auth.basic(username, held, of), bearer: () => Auth.bearer(held, of), header: () => Auth.header(name, held, of, prefix) }[scheme as 'basic']();
  call(stack, new ExternalEndpoint('https://acme.dev', made), { path: '/' });
});

fuzz('ExternalEndpoint', props({ url, auth: auth.filter(it => it !== undefined) }), (stack, given) => {
  call(stack, new ExternalEndpoint(given?.url, given?.auth), { path: '/v1' });
});

const path = fc.oneof(fc.constantFrom('/', '/v1/models', '{% $x %}', '/a?b=c', 'v1'), textOrReference);
const body = fc.oneof(fc.constantFrom<unknown>({}, { a: ['{% 1 %}'] }, [], 'x', 0), fc.jsonValue());

fuzz('ExternalEndpoint.request', props({ path }, {
  method: fc.constantFrom('GET', 'POST', 'get', 'TRACE', ''), body, query: fc.dictionary(text, textOrReference, { maxKeys: 3 }),
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

function call(stack: any, endpoint: ExternalEndpoint, options: any) {
  machine(stack, new Step(stack, 'Call', { result: {}, calls: [endpoint.request(stack, 'called', options)] }));
}
