import { add, at, define, Fault } from './fault';

/** Models, endpoint configs and endpoints, and what watches them. */
export const ENDPOINTS: Fault[] = [
  { name: 'instance-type-unknown', judge: 'cfn-lint', rule: 'E3030', harm: at('Endpoint/Config', p => { p.ProductionVariants[0].InstanceType = 'ml.m5.gigantic'; }) },
  { name: 'variant-without-name', judge: 'cfn-lint', rule: 'E3003', harm: at('Endpoint/Config', p => { delete p.ProductionVariants[0].VariantName; }) },
  { name: 'volumes-without-key', judge: 'cdk-nag', rule: 'NIST.800.53.R5-SageMakerEndpointConfigurationKMSKeyConfigured', harm: at('Endpoint/Config', p => { delete p.KmsKeyId; }) },
  { name: 'key-on-local-storage', judge: 'our rules', rule: 'NO_KEY_ON_LOCAL_STORAGE_OF_ENDPOINTS', harm: at('extras/Gpu', p => { p.KmsKeyId = 'alias/volumes'; }) },
  { name: 'capture-above-all', judge: 'cfn-lint', rule: 'E3034', harm: at('Endpoint/Config', p => { p.DataCaptureConfig.InitialSamplingPercentage = 150; }) },
  { name: 'config-with-name', judge: 'our rules', rule: 'NO_FIXED_NAME', harm: at('Endpoint/Config', p => { p.EndpointConfigName = 'production'; }) },
  { name: 'model-on-the-network', judge: 'our rules', rule: 'MODEL_ISOLATED_OR_IN_VPC', harm: at('Endpoint/Model', p => { p.EnableNetworkIsolation = false; }) },
  { name: 'endpoint-without-rollback', judge: 'our rules', rule: 'ENDPOINT_ROLLS_BACK', harm: at('extras/Endpoint/Resource', p => { delete p.DeploymentConfig.AutoRollbackConfiguration; }) },
  { name: 'update-without-rollback', judge: 'our rules', rule: 'ENDPOINT_ROLLS_BACK', harm: define('Orchestrator/deployment/Resource', '"AutoRollbackConfiguration":{"Alarms":[{"AlarmName":"', '"BlueGreenTags":{"Tags":[{"Key":"') },
  {
    name: 'canary-too-large', judge: 'our rules', rule: 'CANARY_AT_MOST_HALF',
    harm: at('extras/Endpoint/Resource', p => { Object.assign(p.DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration, { Type: 'CANARY', CanarySize: { Type: 'CAPACITY_PERCENT', Value: 80 } }); }),
  },
  { name: 'serverless-with-instances', judge: 'our rules', rule: 'VARIANT_SERVERLESS_OR_INSTANCES', harm: at('extras/Serverless', p => { p.ProductionVariants[0].InstanceType = 'ml.m5.large'; }) },
  { name: 'serverless-memory-unknown', judge: 'our rules', rule: 'SERVERLESS_MEMORY', harm: at('extras/Serverless', p => { p.ProductionVariants[0].ServerlessConfig.MemorySizeInMB = 2000; }) },
  { name: 'deployed-capture-above-all', judge: 'our rules', rule: 'CAPTURE_PERCENTAGE', harm: define('Orchestrator/deployment/Resource', '"InitialSamplingPercentage":50', '"InitialSamplingPercentage":150') },
  {
    name: 'monitor-closed-to-new-customers', judge: 'our rules', rule: 'MODEL_MONITOR_AND_CLARIFY_ARE_CLOSED',
    harm: add('AWS::SageMaker::MonitoringSchedule', { MonitoringScheduleConfig: { MonitoringJobDefinitionName: 'drift', MonitoringType: 'DataQuality', ScheduleConfig: { ScheduleExpression: 'cron(0 * ? * * *)' } } }),
  },
];
