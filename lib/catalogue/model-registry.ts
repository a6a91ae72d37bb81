import { HuggingFaceModelRegistry, IModelRegistry, MlflowModelRegistry, SageMakerModelRegistry, WandbModelRegistry } from '../../constructs/model-registry';
import { auth, credential, EXISTS, held, key, policy, refuse, removal, secretName } from './fields';
import { Providers } from './provider';

export const REGISTRIES: Providers<IModelRegistry> = {
  sagemaker: {
    fields: z => ({ group: z.string().optional(), description: z.string().optional(), removal: removal(z) }),
    props: { groupName: 'group', removalPolicy: 'removal' },
    create: (scope, id, settings) => {
      const { group, description, removal } = settings;
      if (group === undefined) return new SageMakerModelRegistry(scope, id, { description, removalPolicy: policy(removal) });
      refuse(settings, ['description', 'removal'], 'with', 'group', EXISTS);
      return SageMakerModelRegistry.fromGroupName(scope, id, group);
    },
  },
  mlflow: {
    // The loop goes on when an approval is told, so that the secret of the webhooks is needed here.
    fields: z => ({ url: z.string(), model: z.string(), ...credential(z), webhookSecret: secretName(z), webhookField: z.string().optional(), alias: z.string().optional() }),
    props: { webhookSecretField: 'webhookField' },
    create: (scope, id, settings) => {
      const { url, model, webhookSecret, webhookField, alias } = settings;
      return new MlflowModelRegistry(scope, id, {
        url, model, alias, auth: auth(scope, id, settings), webhookSecret: held(scope, `${id}Webhook`, webhookSecret), webhookSecretField: webhookField,
      });
    },
  },
  'hugging-face': {
    fields: z => ({ repository: z.string(), ...key(z), webhookSecret: secretName(z), webhookField: z.string().optional(), url: z.string().optional() }),
    props: { tokenField: 'field', webhookSecretField: 'webhookField' },
    create: (scope, id, settings) => {
      const { repository, secret, field, webhookSecret, webhookField, url } = settings;
      return new HuggingFaceModelRegistry(scope, id, {
        repository, url, token: held(scope, id, secret), tokenField: field, webhookSecret: held(scope, `${id}Webhook`, webhookSecret), webhookSecretField: webhookField,
      });
    },
  },
  wandb: {
    fields: z => ({ collection: z.string(), ...key(z), webhookSecret: secretName(z), webhookField: z.string().optional(), registry: z.string().optional(), url: z.string().optional() }),
    props: { apiKeyField: 'field', webhookSecretField: 'webhookField' },
    create: (scope, id, settings) => {
      const { collection, secret, field, webhookSecret, webhookField, registry, url } = settings;
      return new WandbModelRegistry(scope, id, {
        collection, registry, url, apiKey: held(scope, id, secret), apiKeyField: field, webhookSecret: held(scope, `${id}Webhook`, webhookSecret), webhookSecretField: webhookField,
      });
    },
  },
};
