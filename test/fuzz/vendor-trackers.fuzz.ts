import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as fc from 'fast-check';
import {
  ClearMlExperimentTracker, CometExperimentTracker, CometPartnerAppExperimentTracker, DatabricksExperimentTracker, IExperimentTracker, MirroredTracker, NeptuneExperimentTracker,
  Publication, WandbExperimentTracker,
} from '../../lib';
import { mostly, props, secret, textOrReference, tracker, workspaceAuth } from './arbitraries';
import { fuzz } from './fuzz';
import { recipe } from './recipe';
import { url } from './urls';

const name = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('acme', 'team/project', '/Shared/fraud', 'a b') }, { weight: 1, arbitrary: textOrReference });
const field = mostly(['key']);
const session = mostly(['ana', 'ml-team@acme.dev', 'a+b=c,d'], name);

const wandb = recipe('a tracker at W&B', (stack, id) => new WandbExperimentTracker(stack, id, { apiKey: secretsmanager.Secret.fromSecretNameV2(stack, `${id}Key`, 'wandb') }));

const TRACKERS: { [subject: string]: { given: fc.Arbitrary<any>; of: new (scope: any, id: string, given: any) => IExperimentTracker } } = {
  WandbExperimentTracker: { given: props({ apiKey: secret }, { apiKeyField: field, entity: name, project: name, url }), of: WandbExperimentTracker },
  CometExperimentTracker: { given: props({ apiKey: secret }, { apiKeyField: field, workspace: name, project: name, url }), of: CometExperimentTracker },
  CometPartnerAppExperimentTracker: {
    given: props({ apiKey: secret, tier: mostly(['small', 'large'], name), adminUsers: fc.array(session, { maxLength: 3 }) }, { apiKeyField: field, workspace: mostly(['acme'], name), project: name }), of: CometPartnerAppExperimentTracker,
  },
  DatabricksExperimentTracker: { given: props({ url, auth: workspaceAuth }, { experiment: mostly(['/Shared/churn'], name) }), of: DatabricksExperimentTracker },
  ClearMlExperimentTracker: { given: props({ credentials: secret }, { accessKeyField: field, secretKeyField: field, url, webUrl: url, filesUrl: url }), of: ClearMlExperimentTracker },
  NeptuneExperimentTracker: { given: props({ project: name, apiToken: secret }, { apiTokenField: field }), of: NeptuneExperimentTracker },
  MirroredTracker: { given: props({ primary: fc.oneof(tracker, wandb), secondary: fc.oneof(tracker, wandb) }), of: MirroredTracker },
};

for (const [subject, { given, of: Tracker }] of Object.entries(TRACKERS)) {
  fuzz(subject, given, (stack, values) => new Publication(stack, 'Publication', { component: 'experiment-tracker', of: new Tracker(stack, 'Tracker', values) }));
}
