import { join } from 'path';
import { App } from 'aws-cdk-lib';
import { MlopsStack } from '../../lib';
import { checkStackFile, parseStackFile } from '../../lib/stack-file';
import { refusal, stackFile } from '../support/stack-file';

const VENDOR = 'provider: mlflow, url: https://mlflow.acme.dev';
const VPC = 'vpc: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0]';
const ENDPOINT_SERVICE = 'com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0';
const HOOK = 'provider: webhook, url: https://hooks.acme.dev/ml, secret: acme/hooks';

describe('each bad input is refused with one line', () => {
  test.each([
    // Providers
    ['tracker: { provider: mlfow }', "'tracker.provider' must be one of sagemaker, mlflow, databricks, wandb, comet, comet-partner-app, clearml, neptune, none, got 'mlfow': did you mean 'mlflow'?"],
    ['endpoint: { provider: sagemake }', "'endpoint.provider' must be one of sagemaker, open-inference, got 'sagemake': did you mean 'sagemaker'?"],
    ['alerter: { provider: [sns] }', "'alerter.provider' must be one of sns, slack, pagerduty, datadog, webhook, got [\"sns\"]: did you mean 'sns'?"],
    ['tracker: mlflow', "'tracker' must be a mapping of fields, got 'mlflow': did you mean { provider: mlflow }?"],
    ['- tracker', 'the file must be a mapping of fields, got ["tracker"]'],
    // Missing and extra fields
    ['tracker: { provider: mlflow }', "'tracker.url' of provider 'mlflow' is missing: it must be a string"],
    [`tracker: { ${VENDOR}, usrname: ml }`, "'tracker.usrname' is not a field of provider 'mlflow' (allowed: url, experiment, username, secret, field): did you mean 'username'?"],
    ['orchestrator: { retries: 3 }', "'orchestrator.retries' is not a field of provider 'step-functions' (it has none)"],
    ['endpiont: {}', "'endpiont' is not a section (allowed: name, rotation, privateLink, store, tracker, trainer, registry, endpoint, monitor, orchestrator, alerter, pipeline): did you mean 'endpoint'?"],
    ['pipeline: { gate: { metric: f1, max: 1 } }', "'pipeline.gate.max' is not a field (allowed: metric, minimum, maximum): did you mean 'maximum'?"],
    ['pipeline: { gate: { minimum: 1 } }', "'pipeline.gate.metric' is missing: it must be a string"],
    // Vendors
    ['tracker: { provider: mlflow, url: "http://mlflow.acme.dev" }',
      "'tracker.url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://mlflow.acme.dev'"],
    ['endpoint: { provider: open-inference, url: "http://models.acme.dev", repository: models }\nmonitor: { provider: none }',
      "'endpoint.url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://models.acme.dev'"],
    // Credentials
    [`tracker: { ${VENDOR}, username: ml, password: hunter2 }`,
      "'tracker.password' must not stand in the file: put the value into AWS Secrets Manager and name it with 'secret' (and 'field', for one field of its JSON)"],
    ['trainer: { hyperparameters: { API_KEY: abc } }',
      "'trainer.hyperparameters.API_KEY' must not stand in the file: put the value into AWS Secrets Manager and name it with 'secret' (and 'field', for one field of its JSON)"],
    ['tracker: { provider: mlflow, url: "https://ml:hunter2@mlflow.acme.dev" }',
      "'tracker.url' must be a URL without a credential, got one with a user and password: name them with 'username' and 'secret'"],
    [`tracker: { ${VENDOR}, secret: "hunter 2!" }`, "'tracker.secret' must be the name, or the whole ARN, of a secret in AWS Secrets Manager"],
    [`tracker: { ${VENDOR}, secret: "arn:aws:secretsmanager:us-east-1:000000000000:secret:mlflow" }`,
      "'tracker.secret' must be the name, or the whole ARN, of a secret in AWS Secrets Manager"],
    [`tracker: { ${VENDOR}, username: ml }`, "'tracker.secret' must name the secret that goes with 'username', got none"],
    [`tracker: { ${VENDOR}, username: "m:l", secret: mlflow }`, "'tracker.username' must be 1 to 512 characters without ':', got 'm:l'"],
    [`alerter: { ${HOOK}, auth: {} }`, "'alerter.auth' must have one of header, oauth, exchange, login, sigv4, hmac, webhook, got {}"],
    [`alerter: { ${HOOK}, auth: { webhook: standard, sigv4: { region: a, service: b } } }`,
      `'alerter.auth' must have one of header, oauth, exchange, login, sigv4, hmac, webhook, got {"webhook":"standard","sigv4":{"region":"a","service":"b"}}`],
    [`alerter: { ${HOOK}, auth: { oath: {} } }`,
      "'alerter.auth.oath' is not a field of provider 'webhook' (allowed: header, oauth, exchange, login, sigv4, hmac, webhook): did you mean 'oauth'?"],
    [`alerter: { ${HOOK}, auth: { oauth: { clientId: ml, adress: /token } } }`, "'alerter.auth.oauth.address' of provider 'webhook' is missing: it must be a string"],
    [`alerter: { ${HOOK}, auth: { oauth: { clientId: ml, address: /token, scopes: all } } }`,
      "'alerter.auth.oauth.scopes' is not a field of provider 'webhook' (allowed: clientId, address, scope): did you mean 'scope'?"],
    [`alerter: { ${HOOK}, auth: { oauth: { clientId: ml, address: token } } }`, "'alerter.auth.oauth.address' must be a path from the '/', or an https:// URL, got 'token'"],
    [`alerter: { ${HOOK}, auth: { webhook: svix } }`, "'alerter.auth.webhook' must be one of standard, got 'svix': did you mean 'standard'?"],
    [`alerter: { ${HOOK}, auth: { webhook: standard }, username: ml }`, "'alerter.username' must be left out with 'auth.webhook', got 'ml': the service is told no user"],
    [`alerter: { ${HOOK}, auth: { login: { address: /token, secretAs: key, body: { api_key: abc } } } }`,
      "'alerter.auth.login.body.api_key' must not stand in the file: put the value into AWS Secrets Manager and name it with 'secret' (and 'field', for one field of its JSON)"],
    // Private ways
    ['privateLink: true', "'privateLink' must be a mapping, got true"],
    ['privateLink: { vpc: main, subnets: [], services: [] }', "'privateLink.vpc' must be the id of one that exists, vpc-<8 to 17 hexadecimal digits>, got 'main'"],
    ['privateLink: { vpc: vpc-0123456789abcdef0, subnets: [], services: [] }', "'privateLink.subnets' must name at least one subnet, got []"],
    [`privateLink: { ${VPC}, services: [] }`, "'privateLink.services' must hold at least one endpoint service, got none"],
    [`privateLink: { ${VPC}, services: [{ name: prefect, hosts: [prefect.acme.dev] }] }`,
      "'privateLink.services.0.name' must be an endpoint service's name, com.amazonaws.vpce.<region>.vpce-svc-<id>, got 'prefect'"],
    [`privateLink: { ${VPC}, services: [{ name: ${ENDPOINT_SERVICE}, hosts: ["https://mlflow.acme.dev"] }] }`,
      "'privateLink.services.0.hosts.0' must be a host in lower case, such as api.acme.dev, got 'https://mlflow.acme.dev'"],
    // Instances, images and the training script
    ['trainer: { instanceType: ml.m5.larg }', "'trainer.instanceType' must be a SageMaker training instance type, got 'ml.m5.larg': did you mean 'ml.m5.large'?"],
    ['endpoint: { instanceType: ml.m5.larg }', "'endpoint.instanceType' must be a SageMaker hosting instance type, got 'ml.m5.larg': did you mean 'ml.m5.large'?"],
    ['trainer: { instanceCount: two }', "'trainer.instanceCount' must be a number, got 'two'"],
    ['trainer: { instanceCount: 0 }', "'trainer.instanceCount' must be a whole number from 1 to 256, got 0"],
    ['trainer: { spot: 1 }', "'trainer.spot' must be a boolean, got 1"],
    ['trainer: { timeoutMinutes: 0 }', "'trainer.timeoutMinutes' must be at least 1, got 0"],
    ['trainer: { image: tensorflow }', "'trainer.image' must be scikit-learn, scikit-learn:<version> or the URI of an image in ECR, got 'tensorflow'"],
    ['trainer: { image: "scikit-learn:1.2-9" }', "'trainer.image' must be a version of the scikit-learn image (1.0-1, 1.2-1 or 1.4-2), got '1.2-9': did you mean '1.2-1'?"],
    ['trainer: { hyperparameters: { alpha: [1] } }', "'trainer.hyperparameters.alpha' must be a text, a number, true or false, got [1]"],
    ['trainer: { hyperparameters: [1] }', "'trainer.hyperparameters' must be a mapping, got [1]"],
    ['trainer: { source: nowhere }', `'trainer.source' must be a folder that exists, got 'nowhere', which is not there: ${join(process.cwd(), 'nowhere')}`],
    ['trainer: { entry: trian.py }', "'trainer.entry' must be a script in 'training' (train.py), got 'trian.py'"],
    // What cannot work together
    ['trainer: { networkIsolation: true }',
      "'trainer.networkIsolation' must be false for a job that uses 'mlops/ExperimentTracker', got true, which cuts it off: put the trainer into a VPC with endpoints instead"],
    ['endpoint: { provider: open-inference, url: "https://models.acme.dev" }\nmonitor: { provider: none }',
      "'endpoint' must be an endpoint that versions can be deployed to (IDeployableEndpoint), got 'mlops/ModelEndpoint': give it a 'repository', or take another one"],
    ['endpoint: { provider: open-inference, url: "https://models.acme.dev", repository: models }',
      "'monitor.provider' must be none for an endpoint that captures no traffic, got 'cloudwatch': or take an endpoint that captures some ('capturePercentage' of provider sagemaker)"],
    ['endpoint: { capturePercentage: 0 }',
      "'monitor.provider' must be none for an endpoint that captures no traffic, got 'cloudwatch': or take an endpoint that captures some ('capturePercentage' of provider sagemaker)"],
    // Settings without effect
    ['store: { prefix: ml/ }', "'store.prefix' must be left out without 'bucket', got 'ml/': a new bucket is used as a whole"],
    ['store: { bucket: acme-data, removal: retain }', "'store.removal' must be left out with 'bucket', got 'retain': what exists already is taken as it is"],
    ['tracker: { app: "arn:aws:sagemaker:us-east-1:000000000000:mlflow-app/app-A", removal: retain }',
      "'tracker.removal' must be left out with 'app', got 'retain': what exists already is taken as it is"],
    ['registry: { group: models, description: Fraud }', "'registry.description' must be left out with 'group', got 'Fraud': what exists already is taken as it is"],
    ['endpoint: { provider: open-inference, url: "https://models.acme.dev", implementation: a.B }',
      "'endpoint.implementation' must be left out without 'repository', got 'a.B': nothing is deployed to such an endpoint"],
    ['alerter: { topic: "arn:aws:sns:us-east-1:000000000000:alerts", email: ml@acme.dev }',
      "'alerter.email' must be left out with 'topic', got 'ml@acme.dev': subscribe the address to the topic"],
    // Values
    ['name: 1st', "'name' must be a letter and then at most 62 letters, digits or -, got '1st'"],
    ['name: 12', "'name' must be a string, got 12"],
    ['store: { bucket: Acme }', "'store.bucket' must be the name of a bucket, got 'Acme'"],
    ['store: { bucket: acme, prefix: ml }', "'store.prefix' must be a folder that ends in '/', without *, ? or $, got 'ml'"],
    ['store: { removal: delete }', "'store.removal' must be one of retain, destroy, got 'delete': did you mean 'retain'?"],
    ['store: { removal: destroy }',
      "'store.removal' must be RETAIN unless the context 'cdk-mlops:allowDestroy' is true, got DESTROY for 'mlops/ArtifactStore': data would be deleted with the stack"],
    ['tracker: { app: mine }', "'tracker.app' must be an MLflow App's ARN, arn:aws:sagemaker:<region>:<account>:mlflow-app/<id>, got 'mine'"],
    ['registry: { group: my models }', "'registry.group' must be at most 63 letters, digits and -, got 'my models'"],
    ['endpoint: { name: Fraud }', "'endpoint.name' must be at most 50 lower-case letters, digits and -, got 'Fraud'"],
    ['endpoint: { bakeMinutes: 90 }', "'endpoint.bakeMinutes' must be at most 60, got 90"],
    ['endpoint: { capturePercentage: 101 }', "'endpoint.capturePercentage' must be a whole number from 0 to 100, got 101"],
    ['endpoint: { provider: open-inference, url: "https://models.acme.dev", repository: /models }\nmonitor: { provider: none }',
      "'endpoint.repository' must be a folder of the artifact store, such as 'models', got '/models'"],
    ['monitor: { maxErrorPercentage: 200 }', "'monitor.maxErrorPercentage' must be a number from 0 to 100, got 200"],
    ['monitor: { maxLatencyMs: 0 }', "'monitor.maxLatencyMs' must be at least 1, got 0"],
    ['alerter: { email: ml }', "'alerter.email' must be an e-mail address, got 'ml'"],
    ['alerter: { topic: alerts }', "'alerter.topic' must be the ARN of an SNS topic, got 'alerts'"],
    ['pipeline: { train: /data }', "'pipeline.train' must be a path in the artifact store, without a '/' at the start, got '/data'"],
    ['pipeline: { metrics: f1 }', "'pipeline.metrics' must be a list, got 'f1'"],
    ['pipeline: { metrics: ["f 1"] }', "'pipeline.metrics.0' must be a metric's name of at most 128 letters, digits, '_', '.' or '-', got 'f 1'"],
    ['pipeline: { gate: { metric: f1 } }', "'pipeline.gate' must have a 'minimum' or a 'maximum', got {\"metric\":\"f1\"}"],
    ['pipeline: { gate: { metric: f1, minimum: 1, maximum: 0 } }', "'pipeline.gate.minimum' must be at most 'gate.maximum', got 1 and 0: no model would pass"],
    ['pipeline: { approval: auto }', "'pipeline.approval' must be one of manual, automatic, got 'auto': did you mean 'manual'?"],
    // YAML
    ['tracker: [1', 'must be YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 12'],
    ['name: a\nname: b', 'must be YAML: Map keys must be unique at line 2, column 1'],
  ])('%s', (yaml, line) => {
    const message = refusal(yaml);

    expect(message).toBe(line);
    expect(message).not.toMatch(/\n|hunter/);
  });

  test('a file that is not there', () => {
    expect(() => MlopsStack.fromFile(new App(), 'no.yaml')).toThrow(new Error(`'config' must be a stack file that exists, got 'no.yaml'`));
  });
});

describe('defaults', () => {
  test.each(['', '# nothing but a comment', '{}'])('an empty file (%j) is the whole stack on AWS', yaml => {
    const { name, rotation, privateLink, pipeline, ...components } = checkStackFile(parseStackFile(stackFile(yaml)));

    expect([name, rotation, privateLink]).toEqual(['mlops', false, undefined]);
    expect(Object.fromEntries(Object.entries(components).map(([section, { provider }]) => [section, provider]))).toEqual({
      store: 's3', tracker: 'sagemaker', trainer: 'sagemaker', registry: 'sagemaker', endpoint: 'sagemaker', monitor: 'cloudwatch', orchestrator: 'step-functions', alerter: 'sns',
    });
    expect(components.trainer.settings).toEqual({ source: 'training', entry: 'train.py', image: 'scikit-learn' });
    expect(pipeline).toEqual({
      train: 'data/train/', test: 'data/test/', sample: 'data/sample.csv', metrics: ['accuracy', 'f1', 'roc_auc'],
      gate: { metric: 'accuracy', minimum: 0.9 }, approval: 'manual',
    });
  });

  test('hyperparameters become text', () => {
    const { trainer } = checkStackFile({ trainer: { hyperparameters: { alpha: 0.1, shuffle: true, loss: 'log' } } });

    expect(trainer.settings.hyperparameters).toEqual({ alpha: '0.1', shuffle: 'true', loss: 'log' });
  });
});
