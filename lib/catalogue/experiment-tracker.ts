import { IS3ArtifactStore } from '../../constructs/artifact-store';
import { DatabricksWorkspace } from '../../constructs/databricks';
import {
  ClearMlExperimentTracker, CometExperimentTracker, CometPartnerAppExperimentTracker, DatabricksExperimentTracker, IExperimentTracker, MlflowExperimentTracker,
  NeptuneExperimentTracker, SageMakerExperimentTracker, WandbExperimentTracker,
} from '../../constructs/experiment-tracker';
import { auth, credential, EXISTS, held, key, policy, refuse, removal, secretName } from './fields';
import { Providers } from './provider';

export const TRACKERS: Providers<IExperimentTracker | undefined, { store: IS3ArtifactStore }> = {
  sagemaker: {
    fields: z => ({ app: z.string().optional(), experiment: z.string().optional(), removal: removal(z) }),
    props: { appArn: 'app', removalPolicy: 'removal' },
    create: (scope, id, settings, { store }) => {
      const { app, experiment, removal } = settings;
      if (app === undefined) return new SageMakerExperimentTracker(scope, id, { artifactStore: store, experiment, removalPolicy: policy(removal) });
      refuse(settings, ['removal'], 'with', 'app', EXISTS);
      return SageMakerExperimentTracker.fromApp(scope, id, { appArn: app, artifactStore: store, experiment });
    },
  },
  mlflow: {
    fields: z => ({ url: z.string(), experiment: z.string().optional(), ...credential(z) }),
    create: (scope, id, settings) => new MlflowExperimentTracker(scope, id, { url: settings.url, experiment: settings.experiment, auth: auth(scope, id, settings) }),
  },
  databricks: {
    fields: z => ({ url: z.string(), ...key(z), clientId: z.string().optional(), experiment: z.string().optional() }),
    create: (scope, id, { url, experiment, clientId, ...settings }) => new DatabricksExperimentTracker(scope, id, {
      url, experiment, auth: auth(scope, id, { ...settings, username: clientId }, { user: DatabricksWorkspace.servicePrincipal }),
    }),
  },
  wandb: {
    fields: z => ({ ...key(z), entity: z.string().optional(), project: z.string().optional(), url: z.string().optional() }),
    create: (scope, id, { secret, field, ...props }) => new WandbExperimentTracker(scope, id, { ...props, apiKey: held(scope, id, secret), apiKeyField: field }),
  },
  comet: {
    fields: z => ({ ...key(z), workspace: z.string().optional(), project: z.string().optional(), url: z.string().optional() }),
    create: (scope, id, { secret, field, ...props }) => new CometExperimentTracker(scope, id, { ...props, apiKey: held(scope, id, secret), apiKeyField: field }),
  },
  'comet-partner-app': {
    fields: z => ({
      app: z.string().optional(), url: z.string().optional(), tier: z.string().optional(), adminUsers: z.array(z.string()).optional(),
      ...key(z), workspace: z.string().optional(), project: z.string().optional(), removal: removal(z),
    }),
    props: { apiKey: 'secret', apiKeyField: 'field', appArn: 'app', removalPolicy: 'removal' },
    create: (scope, id, settings) => {
      const { app, url, tier, adminUsers, secret, field, removal, ...options } = settings;
      const used = { ...options, apiKey: held(scope, id, secret), apiKeyField: field };
      if (app === undefined) {
        refuse(settings, ['url'], 'without', 'app', 'SageMaker gives a new app its address');
        return new CometPartnerAppExperimentTracker(scope, id, { ...used, tier, adminUsers, removalPolicy: policy(removal) });
      }
      refuse(settings, ['tier', 'adminUsers', 'removal'], 'with', 'app', EXISTS);
      return CometPartnerAppExperimentTracker.fromApp(scope, id, { ...used, appArn: app, url });
    },
  },
  clearml: {
    fields: z => ({
      secret: secretName(z), accessKeyField: z.string().optional(), secretKeyField: z.string().optional(),
      url: z.string().optional(), webUrl: z.string().optional(), filesUrl: z.string().optional(),
    }),
    create: (scope, id, { secret, ...props }) => new ClearMlExperimentTracker(scope, id, { ...props, credentials: held(scope, id, secret) }),
  },
  neptune: {
    fields: z => ({ project: z.string(), ...key(z) }),
    create: (scope, id, { project, secret, field }) => new NeptuneExperimentTracker(scope, id, { project, apiToken: held(scope, id, secret), apiTokenField: field }),
  },
  none: { fields: () => ({}), create: () => undefined },
};
