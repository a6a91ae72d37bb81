import * as fc from 'fast-check';
import { HuggingFaceModelRegistry, MlflowModelRegistry, SageMakerModelRegistry, WandbModelRegistry } from '../../lib';
import { auth, machineTarget, mostly, props, removalPolicy, secret, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';
import { machine } from './machine';
import { url, usualUrl } from './urls';

const address = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('s3://acme/model.tar.gz', '{% $Train.modelUri %}', 's3://acme') }, { weight: 1, arbitrary: textOrReference });
const status = fc.constantFrom('Approved', 'Rejected', 'PendingManualApproval', 'approved', '');

fuzz('SageMakerModelRegistry', props({}, { description: textOrReference, removalPolicy }), (stack, given) => {
  machine(stack, new SageMakerModelRegistry(stack, 'Registry', given).register(stack, 'Register', { modelUri: 's3://acme/model.tar.gz', image: 'x' }));
});

fuzz('SageMakerModelRegistry.fromGroupName', props({ name: fc.oneof(fc.constantFrom('Fraud', 'a-b', '-a', 'x'.repeat(64)), textOrReference) }), (stack, given) => {
  machine(stack, SageMakerModelRegistry.fromGroupName(stack, 'Registry', given?.name).resolve(stack, 'Resolve', { version: '1' }));
});

fuzz('MlflowModelRegistry', props({ url, model: fc.oneof(fc.constantFrom('fraud', 'a b', 'a/b', "it's"), textOrReference) }, { auth, webhookSecret: secret, webhookSecretField: textOrReference, alias: textOrReference }), (stack, given) => {
  machine(stack, new MlflowModelRegistry(stack, 'Registry', given).register(stack, 'Register', { modelUri: 's3://acme/model.tar.gz', image: 'x' }));
});

const repository = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('acme/fraud', 'fraud', 'a/b/c', 'a/..', "it's/x", 'a/b.') }, { weight: 1, arbitrary: textOrReference });

fuzz('HuggingFaceModelRegistry', props({ repository, token: secret }, { tokenField: textOrReference, webhookSecret: secret, webhookSecretField: textOrReference, url }), (stack, given) => {
  machine(stack, new HuggingFaceModelRegistry(stack, 'Registry', given).register(stack, 'Register', { modelUri: 's3://acme/model.tar.gz', image: 'x' }));
});

const collection = mostly(['acme/models/fraud', 'a.b/c-d/e_f', 'a/b/..'], fc.oneof(fc.constantFrom('acme/fraud', 'a/b/c/d', 'a/wandb-registry-model/c', "it's/x/y"), textOrReference));
const key = mostly(['key', 'a.b/c']);

fuzz('WandbModelRegistry', props({ collection, apiKey: secret }, { apiKeyField: key, webhookSecret: secret, webhookSecretField: key, registry: mostly(['model', 'a-b.c']), url: usualUrl }), (stack, given) => {
  machine(stack, new WandbModelRegistry(stack, 'Registry', given).register(stack, 'Register', { modelUri: 's3://acme/model.tar.gz', image: 'x' }));
});

fuzz('IModelRegistry.register', props({ modelUri: address, image: textOrReference }, { metrics: fc.oneof(fc.constant('{% $Train.metrics %}'), textOrReference), description: textOrReference }), (stack, given) => {
  machine(stack, new SageMakerModelRegistry(stack, 'Registry').register(stack, 'Register', given));
});

fuzz('IModelRegistry.resolve', props({ version: textOrReference }), (stack, given) => machine(stack, new SageMakerModelRegistry(stack, 'Registry').resolve(stack, 'Resolve', given)));

fuzz('IModelRegistry.setStatus', props({ version: textOrReference, status }, { reason: textOrReference }), (stack, given) => machine(stack, new SageMakerModelRegistry(stack, 'Registry').setStatus(stack, 'Set', given)));

fuzz('IModelRegistry.onStatusChanged', props({ status, target: machineTarget }), (stack, given) => {
  new SageMakerModelRegistry(stack, 'Registry').onStatusChanged('Changed', given);
});
