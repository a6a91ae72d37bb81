import { IArtifactStore } from '../../constructs/artifact-store';
import { IModelTrainer, SageMakerModelTrainer } from '../../constructs/model-trainer';
import { IMAGE, toImage } from './fields';
import { Providers, Z } from './provider';

/** The training itself, which the pipeline hands to whoever trains: every provider has these fields. */
const training = (z: Z) => ({
  source: z.string().default('training'), entry: z.string().default('train.py'),
  hyperparameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number, true or false' }).transform(String)).optional(),
  timeoutMinutes: z.number().min(1).max(28 * 24 * 60).optional(),
});

export const TRAINERS: Providers<IModelTrainer, { store: IArtifactStore }> = {
  sagemaker: {
    fields: z => ({
      ...training(z),
      image: z.string().regex(IMAGE, { error: 'must be scikit-learn, scikit-learn:<version> or the URI of an image in ECR' }).default('scikit-learn'),
      instanceType: z.string().optional(), instanceCount: z.number().optional(), volumeSize: z.number().optional(), spot: z.boolean().optional(), networkIsolation: z.boolean().optional(),
    }),
    props: { uri: 'image', version: 'image' },
    create: (scope, id, { image, instanceType, instanceCount, volumeSize, spot, networkIsolation }, { store }) => new SageMakerModelTrainer(scope, id, {
      artifactStore: store, image: toImage(image), instanceType, instanceCount, volumeSize, spot: spot ? {} : undefined, networkIsolation,
    }),
  },
};
