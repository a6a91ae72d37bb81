import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as fc from 'fast-check';
import { DatabricksModelTrainer, HttpsModelTrainer, PipelineModelTrainer, PrefectOrchestrator, RayModelTrainer, S3ArtifactStore, SageMakerModelTrainer } from '../../lib';
import { anyRole, around, auth, duration, fixed, image, key, mostly, props, securityGroup, store, subnets, text, textOrReference, tracker, vpc, workspaceAuth } from './arbitraries';
import { fuzz } from './fuzz';
import { machine } from './machine';
import { recipe } from './recipe';
import { url } from './urls';

const instanceType = fc.oneof(fc.constantFrom('ml.m5.large', 'ml.g5.xlarge', 'ml.p4d.24xlarge', 'ml.m5.larg', 'm5.large', 'ml.t2.medium'), textOrReference);

fuzz('SageMakerModelTrainer', props({ artifactStore: store }, {
  image, instanceType, instanceCount: around(1, 2, 256), volumeSize: around(1, 30, 16384), spot: fc.oneof(fc.constant({}), fc.record({ maxWait: duration(0, 3600, 28 * 86400) })),
  volumeKey: key, vpc, vpcSubnets: subnets,
  securityGroups: fc.array(securityGroup, { maxLength: 6 }), networkIsolation: fc.boolean(), role: anyRole,
}), (stack, given) => {
  machine(stack, new SageMakerModelTrainer(stack, 'Trainer', given).train(stack, 'Train', { metrics: ['f1'] }));
});

const inputs = fc.dictionary(text, textOrReference, { maxKeys: 2 });

fuzz('RayModelTrainer', fc.tuple(props({ artifactStore: store, url }, { auth, identity: anyRole, entrypoint: textOrReference, gpus: around(0, 1, 1024), image }), inputs), (stack, [given, channels]) => {
  machine(stack, new RayModelTrainer(stack, 'Trainer', given).train(stack, 'Train', { inputs: channels, hyperparameters: channels }));
});

const path = fc.oneof(fc.constantFrom('/jobs', "{% '/jobs/' & $job %}", 'jobs', ''), textOrReference);
const body = fc.oneof(fc.constantFrom<unknown>({ name: '{% $key %}', out: ['{% $outputs %}'] }, ['{% $key'], { id: '{% [ %}' }), fc.jsonValue());
const states = fc.oneof(fc.constant(['done']), fc.array(textOrReference, { maxLength: 2 }));
const state = fc.oneof(fc.constantFrom('{% $states.result.ResponseBody.state %}', '{% %}', '{% ( %}', 'x'), text);
const method = fc.oneof(fc.constantFrom('PUT', 'GET', 'put'), textOrReference);
const submit = mostly(
  [{ path: '/jobs', body: { name: '{% $key %}', to: ['{% $outputs %}'] }, job: '{% $states.result.ResponseBody.id %}' }, { path: "{% '/jobs/' & $key %}", method: 'PUT', body: '{% $inputs %}', existsStatus: 409, existsCause: 'exists' }, { path: '/jobs', body: {}, headers: { 'Idempotency-Key': '{% $key %}' } }],
  fc.record({ path, body, method, headers: fc.dictionary(text, textOrReference, { maxKeys: 1 }), job: state, existsStatus: around(400, 409, 599), existsCause: text }, { requiredKeys: ['path', 'body'] }),
);
const status = mostly(
  [{ path: "{% '/jobs/' & $job %}", state: '{% $states.result.ResponseBody %}', succeeded: ['done', "it's"], failed: ['"', '\\'] }, { path: '/job', query: { id: '{% $job %}' }, state: '{% 1 %}', succeeded: ['1'], failed: ['2'], reason: '{% $x %}', log: '/log' }],
  fc.record({ path, state, succeeded: states, failed: states, query: fc.dictionary(text, textOrReference, { maxKeys: 2 }), reason: state, log: path }, { requiredKeys: ['path', 'state', 'succeeded', 'failed'] }),
);
const cancel = mostly([{ path: '/cancel', body: { id: '{% $job %}' } }, { path: "{% '/jobs/' & $job %}", method: 'DELETE' }], fc.record({ path, method, body }, { requiredKeys: ['path'] }));

fuzz('HttpsModelTrainer', fc.tuple(props({ artifactStore: store, url, submit, status }, { cancel, auth, identity: anyRole, image }), inputs), (stack, [given, channels]) => {
  machine(stack, new HttpsModelTrainer(stack, 'Trainer', given).train(stack, 'Train', { inputs: channels, hyperparameters: channels }));
});

fuzz('DatabricksModelTrainer', fc.tuple(props({ artifactStore: store, url, job: around(1, 411, Number.MAX_SAFE_INTEGER), auth: workspaceAuth }, { identity: anyRole, image }), inputs), (stack, [given, channels]) => {
  machine(stack, new DatabricksModelTrainer(stack, 'Trainer', given).train(stack, 'Train', { inputs: channels, hyperparameters: channels }));
});

const orchestrator = recipe('an orchestrator', (stack, id) => new PrefectOrchestrator(stack, id, {
  url: 'https://prefect.acme.dev/api', artifactStore: S3ArtifactStore.fromBucket(stack, `${id}Store`, { bucket: s3.Bucket.fromBucketName(stack, `${id}Bucket`, 'acme-data') }),
}));
const pipeline = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('train', 'train/nightly', 'a/b/c') }, { weight: 1, arbitrary: textOrReference });

fuzz('PipelineModelTrainer', fc.tuple(props({ orchestrator, pipeline }, { identity: anyRole, image }), inputs), (stack, [given, channels]) => {
  machine(stack, new PipelineModelTrainer(stack, 'Trainer', given).train(stack, 'Train', { inputs: channels }));
});

const folder = mkdtempSync(join(tmpdir(), 'mlops-fuzz-source-'));
const FOLDERS: { [name: string]: (path: string) => void } = {
  good: path => writeFileSync(join(path, 'train.py'), ''),
  empty: () => undefined,
  loop: path => { writeFileSync(join(path, 'train.py'), ''); symlinkSync(path, join(path, 'again')); },
  dangling: path => { writeFileSync(join(path, 'train.py'), ''); symlinkSync(join(path, 'nothing'), join(path, 'gone')); },
  linked: path => { symlinkSync(join(folder, 'good', 'train.py'), join(path, 'train.py')); symlinkSync(join(folder, 'good'), join(path, 'more')); },
  'with spaces and ünïcödé': path => writeFileSync(join(path, 'train.py'), ''),
};
for (const [name, fill] of Object.entries(FOLDERS)) {
  mkdirSync(join(folder, name));
  fill(join(folder, name));
}
afterAll(() => rmSync(folder, { recursive: true }));

const source = fc.oneof(
  { weight: 3, arbitrary: fc.constant(join(folder, 'good')) },
  { weight: 2, arbitrary: fc.constantFrom(...Object.keys(FOLDERS).map(name => join(folder, name)), join(folder, 'good', 'train.py'), '/dev/null') },
  { weight: 1, arbitrary: text },
);
const uri = fc.oneof(fc.constantFrom('s3://acme/data/', '{% $data %}', 's3://', 'https://acme.dev', '/data'), textOrReference);

fuzz('IModelTrainer.train', fc.tuple(fc.boolean(), props({}, {
  source, entry: fc.oneof({ weight: 4, arbitrary: fc.constant('train.py') }, { weight: 1, arbitrary: fc.constantFrom('./train.py', '../train.py', 'trian.py', '.') }, { weight: 1, arbitrary: text }),
  hyperparameters: fc.oneof(fc.dictionary(fc.constantFrom('alpha', 'beta', 'sagemaker_program', '__proto__'), textOrReference), fc.dictionary(text, fc.oneof(text, fc.jsonValue()), { maxKeys: 3 }), fc.constant(Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`h${index}`, '1'])))),
  inputs: fc.oneof(fc.dictionary(fc.constantFrom('train', 'test', 'code', 'a.b-c_d'), uri), fc.dictionary(text, uri, { maxKeys: 3 }), fc.constant(Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`c${index}`, 's3://acme/x'])))),
  metrics: fc.oneof(fc.array(fc.constantFrom('f1', 'roc.auc', 'a-b_c')), fc.array(text, { maxLength: 2 }), fc.constant(Array.from({ length: 41 }, (_, index) => `m${index}`))),
  uses: fc.array(fc.oneof(tracker, store, fixed), { maxLength: 2 }), timeout: duration(0, 1, 28 * 86400),
})), (stack, [networkIsolation, given]) => {
  machine(stack, new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: new S3ArtifactStore(stack, 'Store'), networkIsolation }).train(stack, 'Train', given));
});
