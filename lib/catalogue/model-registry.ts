import { IModelRegistry, SageMakerModelRegistry } from '../../constructs/model-registry';
import { EXISTS, policy, refuse, removal } from './fields';
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
};
