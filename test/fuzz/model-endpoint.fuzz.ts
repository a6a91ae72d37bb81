import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as fc from 'fast-check';
import {
  DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint, HttpsModelEndpoint, HuggingFaceModelEndpoint,
  OpenAiModelEndpoint, OpenAiTask, OpenInferenceEndpoint, S3ArtifactStore, SageMakerModelEndpoint,
} from '../../lib';
import { around, auth, deployable, duration, fixed, image, key, mostly, props, secret, store, text, textOrReference, vpc } from './arbitraries';
import { fuzz } from './fuzz';
import { machine } from './machine';
import { url, usualUrl } from './urls';

const settings = {
  instanceType: fc.oneof(fc.constantFrom('ml.m5.large', 'ml.g5.xlarge', 'ml.m5d.large', 'ml.m5.larg'), textOrReference), instanceCount: around(1, 1000), capturePercentage: around(0, 1, 50, 100),
  bakeTime: duration(0, 300, 3600), images: fc.array(image, { maxLength: 2 }), environment: fc.oneof(fc.dictionary(fc.constantFrom('A', '_b', 'a-b', ''), textOrReference), fc.dictionary(text, text, { maxKeys: 2 })),
  volumeKey: key, vpc, networkIsolation: fc.boolean(),
};
const modelUri = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('s3://acme/model.tar.gz', 's3://acme/a b/ü.tar.gz', 's3://acme', 's3:///x') }, { weight: 1, arbitrary: textOrReference });

fuzz('SageMakerModelEndpoint', props({ artifactStore: store, modelUri }, { ...settings, modelStore: store, image }), (stack, given) => {
  machine(stack, new SageMakerModelEndpoint(stack, 'Endpoint', given).infer(stack, 'Infer', { instances: [[1]] }));
});

fuzz('SageMakerModelEndpoint.fromEndpointName', props({ name: fc.oneof(fc.constantFrom('Fraud', 'a--b', '-a', 'x'.repeat(64)), textOrReference) }), (stack, given) => {
  machine(stack, SageMakerModelEndpoint.fromEndpointName(stack, 'Endpoint', given?.name).infer(stack, 'Infer', { instances: [[1]] }));
});

const endpointName = fc.oneof(fc.constantFrom('fraud', 'a-1', 'Fraud', 'a-', 'x'.repeat(51)), textOrReference);
const DEPLOY = { version: '1', modelUri: 's3://acme/model.tar.gz', image: 'x' };

fuzz('DeployableSageMakerEndpoint', props({ artifactStore: store }, { ...settings, endpointName }), (stack, given) => {
  machine(stack, new DeployableSageMakerEndpoint(stack, 'Endpoint', given).deploy(stack, 'Deploy', { ...DEPLOY, store: new S3ArtifactStore(stack, 'Models') }));
});

const model = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('fraud', 'a.b_c-1', "it's", '-a', 'x'.repeat(64)) }, { weight: 1, arbitrary: textOrReference });

fuzz('OpenInferenceEndpoint', props({ url, model }, { auth }), (stack, given) => {
  machine(stack, new OpenInferenceEndpoint(stack, 'Endpoint', given).infer(stack, 'Infer', { instances: [[1, 2]] }));
});

const implementation = fc.oneof(fc.constantFrom('mlserver_sklearn.SKLearnModel', 'a', '1a', "a'b"), textOrReference);

fuzz('DeployableOpenInferenceEndpoint', props({ url, model, repository: store }, { auth, implementation }), (stack, given) => {
  machine(stack, new DeployableOpenInferenceEndpoint(stack, 'Endpoint', given).deploy(stack, 'Deploy', { ...DEPLOY, store: new S3ArtifactStore(stack, 'Models') }));
});

fuzz('HttpsModelEndpoint', props({ url }, {
  path: fc.oneof(fc.constantFrom('/', '/predict', 'predict', '/a?b'), textOrReference), request: fc.oneof(fc.constantFrom<unknown>({ rows: '{% $instances %}' }, 'x'), fc.jsonValue()),
  predictions: fc.oneof(fc.constantFrom('{% $states.result.ResponseBody %}', '{% %}', '{% ( %}', 'x'), text), auth,
}), (stack, given) => machine(stack, new HttpsModelEndpoint(stack, 'Endpoint', given).infer(stack, 'Infer', { instances: [[1]] })));

fuzz('OpenAiModelEndpoint', props({ model: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('gpt-5', 'acme/llm:1', "it's", '', ' a') }, { weight: 1, arbitrary: textOrReference }) }, {
  url, auth, task: fc.constantFrom<unknown>(...Object.values(OpenAiTask), 'image'), instructions: textOrReference,
  parameters: fc.oneof(fc.constantFrom<unknown>({ temperature: 0 }, { user: '{% $states.context.Execution.Name %}' }, { model: 'x' }, 'x'), fc.jsonValue()),
}), (stack, given) => machine(stack, new OpenAiModelEndpoint(stack, 'Endpoint', given).infer(stack, 'Infer', { instances: ['good?'] })));

const endpoint = mostly(['acme/fraud', 'Acme.ai/a-1'], fc.oneof(fc.constantFrom('fraud', 'acme/Fraud', "a'b/c", 'a/b/c'), textOrReference));
const parameters = mostly([{ top_k: 1 }, { user: '{% $states.context.Execution.Name %}' }], fc.oneof(fc.constant('x'), fc.jsonValue()));

fuzz('HuggingFaceModelEndpoint', props({ endpoint, url: usualUrl, token: secret }, { tokenField: mostly(['key']), parameters }), (stack, given) => {
  machine(stack, new HuggingFaceModelEndpoint(stack, 'Endpoint', given).infer(stack, 'Infer', { instances: ['good?'] }));
});

fuzz('HuggingFaceModelEndpoint.deployRevision', props({ revision: textOrReference }, { timeout: duration(0, 1, 7200) }), (stack, given) => {
  machine(stack, new HuggingFaceModelEndpoint(stack, 'Endpoint', { endpoint: 'acme/fraud', url: 'https://fraud.acme.dev', token: secretsmanager.Secret.fromSecretNameV2(stack, 'Token', 'hf') }).deployRevision(stack, 'Deploy', given));
});

const rows = fc.oneof(fc.array(fc.array(fc.double(), { maxLength: 3 }), { maxLength: 3 }), fc.constantFrom<unknown>('{% $rows %}', 'x', [['a', null]], [1, '{% $x %}']));

fuzz('IModelEndpoint.infer', fc.tuple(fc.oneof(deployable, fixed), props({ instances: rows }, { timeout: duration(0, 1, 86400) })), (stack, [endpoint, given]) => machine(stack, endpoint.infer(stack, 'Infer', given)));

fuzz('IDeployableEndpoint.deploy', fc.tuple(deployable, props({ version: textOrReference, modelUri, store }, {
  image: fc.oneof({ weight: 5, arbitrary: fc.constant('{% $Resolve.image %}') }, { weight: 1, arbitrary: text }), sample: rows, timeout: duration(0, 1, 7200),
})), (stack, [endpoint, given]) => machine(stack, endpoint.deploy(stack, 'Deploy', given)));
