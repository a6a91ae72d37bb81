import { add, at, define, Fault } from './fault';

const TRAINING = 'Orchestrator/training/Resource';

/** State machines, and the requests inside of them, which no judge of CloudFormation looks into. */
export const PIPELINES: Fault[] = [
  { name: 'job-member-misspelt', judge: 'service model', rule: 'InvalidRequest', harm: define(TRAINING, '"InstanceCount":1', '"InstancesCount":1') },
  { name: 'job-without-input-mode', judge: 'service model', rule: 'InvalidRequest', harm: define(TRAINING, '"TrainingInputMode":"File",', '') },
  { name: 'job-volume-as-text', judge: 'service model', rule: 'InvalidRequest', harm: define(TRAINING, '"VolumeSizeInGB":30', '"VolumeSizeInGB":"30"') },
  { name: 'approval-status-unknown', judge: 'service model', rule: 'InvalidRequest', harm: define(TRAINING, '"PendingManualApproval"', '"Pending"') },
  { name: 'action-of-no-service', judge: 'service model', rule: 'InvalidRequest', harm: define(TRAINING, ':states:::aws-sdk:sagemaker:describeTrainingJob', ':states:::aws-sdk:sagemaker:describeTrainingJobs') },
  { name: 'job-on-the-network', app: 'mlops/every-setting', judge: 'our rules', rule: 'TRAINING_ISOLATED_OR_IN_VPC', harm: define(TRAINING, '"EnableNetworkIsolation":true,', '') },
  {
    name: 'job-key-on-local-storage', app: 'mlops/every-setting', judge: 'our rules', rule: 'NO_KEY_ON_LOCAL_STORAGE_OF_TRAINING',
    harm: define(TRAINING, '"InstanceType":"ml.g5.xlarge",', '"InstanceType":"ml.g5.xlarge","VolumeKmsKeyId":"alias/volumes",'),
  },
  { name: 'debugger-closed-to-new-customers', judge: 'our rules', rule: 'DEBUGGER_IS_CLOSED', harm: define(TRAINING, '"EnableManagedSpotTraining":true', '"DebugHookConfig":{"S3OutputPath":"s3://acme/debug"}') },
  { name: 'labeling-closed-to-new-customers', judge: 'our rules', rule: 'GROUND_TRUTH_IS_CLOSED', harm: add('AWS::SageMaker::Workteam', { WorkteamName: 'labelers', Description: 'Labels' }) },
  { name: 'next-dangles', judge: 'asl-validator', rule: 'MISSING_TRANSITION_TARGET', harm: define(TRAINING, '"Next":"Gate"', '"Next":"Gates"') },
  { name: 'state-without-next', judge: 'asl-validator', rule: 'TERMINAL_STATE_WITH_NEXT', harm: define(TRAINING, '"Type":"Parallel","Next":"Gate",', '"Type":"Parallel",') },
  { name: 'machine-without-log', judge: 'control tower', rule: 'CT.STEPFUNCTIONS.PR.1', harm: at(TRAINING, p => { delete p.LoggingConfiguration; }) },
];
