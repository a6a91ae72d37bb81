/** Writes constructs/sagemaker/instance-types.ts from the enums of @aws-sdk/client-sagemaker. Run after updating the SDK. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { ProductionVariantInstanceType, TrainingInstanceType } = createRequire(import.meta.url)('@aws-sdk/client-sagemaker');

const list = (name, what, type) => `/** ${what} */
export const ${name}: readonly string[] = [
${Object.values(type).sort().map(value => `  '${value}',`).join('\n')}
];
`;

writeFileSync(new URL('../constructs/sagemaker/instance-types.ts', import.meta.url), `// Written by scripts/instance-types.mjs; a test holds it against the SDK.

${list('TRAINING_INSTANCE_TYPES', 'What `CreateTrainingJob` takes as `InstanceType`.', TrainingInstanceType)}
${list('ENDPOINT_INSTANCE_TYPES', 'What `CreateEndpointConfig` takes as `InstanceType` of a variant.', ProductionVariantInstanceType)}
/** Families whose volumes are local NVMe disks, encrypted by the hardware: SageMaker refuses a KMS key for them. */
const LOCAL_NVME = /^ml\\.(g[4-7][a-z]*|p3dn|p4d|p4de|p5[a-z]*|p6[a-z0-9-]*|[cmr]\\d[a-z]*d[a-z]*|i\\d[a-z]*|trn\\d[a-z]*|dl1)\\./;

/** Whether the storage of \`instanceType\` is local NVMe, so that no KMS key may be set on it. */
export function hasLocalNvme(instanceType: string): boolean {
  return LOCAL_NVME.test(instanceType);
}
`);
