import { App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Auth, DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint, HttpsModelEndpoint, HuggingFaceModelEndpoint, IDeployableEndpoint, OpenAiModelEndpoint, OpenAiTask, S3ArtifactStore } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const store = new S3ArtifactStore(stack, 'ArtifactStore');
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/models');

const endpoint: IDeployableEndpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store });
// or, the whole swap:
const other: IDeployableEndpoint = new DeployableOpenInferenceEndpoint(stack, 'OtherEndpoint', {
  url: 'https://models.acme.dev', model: 'fraud', repository: store, auth: Auth.bearer(secret),
});

// MLflow's scoring server
new HttpsModelEndpoint(stack, 'Mlflow', { url: 'https://models.acme.dev', path: '/invocations', request: { inputs: '{% $instances %}' } });
// a service of one's own
new HttpsModelEndpoint(stack, 'Scores', {
  url: 'https://scores.acme.dev', path: '/v2/score', auth: Auth.bearer(secret),
  request: { customers: '{% $instances %}' }, predictions: '{% $map($states.result.ResponseBody.scores, function($it) { $it.value })[] %}',
});

new OpenAiModelEndpoint(stack, 'Moods', {
  model: 'gpt-5-mini', auth: Auth.bearer(secret), instructions: 'Answer with one word: good, bad or neutral', parameters: { max_completion_tokens: 5 },
});
new OpenAiModelEndpoint(stack, 'Vectors', { model: 'small', url: 'https://llm.acme.dev/v1', auth: Auth.bearer(secret), task: OpenAiTask.EMBEDDING });

const moods = new HuggingFaceModelEndpoint(stack, 'Reviews', {
  endpoint: 'acme/reviews', url: 'https://x1y2.eu-west-1.aws.endpoints.huggingface.cloud', token: secret,
});
const nightly = moods.resume(stack, 'Wake')
  .next(moods.deployRevision(stack, 'Serve', { revision: '{% $states.context.Execution.Input.revision %}' }))
  .next(moods.infer(stack, 'Score', { instances: '{% $states.context.Execution.Input.texts %}' }))
  .next(moods.pause(stack, 'Sleep'));
new sfn.StateMachine(stack, 'Nightly', { definitionBody: sfn.DefinitionBody.fromChainable(nightly), queryLanguage: sfn.QueryLanguage.JSONATA });

export const all = [endpoint, other];
