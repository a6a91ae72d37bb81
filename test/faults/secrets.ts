import { at, define, Fault } from './fault';

const SECRET = '{{resolve:secretsmanager:vendor/mlflow:SecretString:token}}';

/** Credentials where they can be read. */
export const SECRETS: Fault[] = [
  { name: 'secret-in-parameter', judge: 'our rules', rule: 'NO_SECRET_OUTSIDE_OF_CONNECTIONS', harm: at('Publish-model-registry/Resource', p => { p.Value = `{"token":"${SECRET}"}`; }) },
  { name: 'secret-in-output', judge: 'our rules', rule: 'NO_SECRET_IN_OUTPUTS', harm: body => { body.Outputs.PipelineArn.Value = SECRET; return undefined; } },
  { name: 'secret-in-definition', judge: 'our rules', rule: 'NO_SECRET_OUTSIDE_OF_CONNECTIONS', harm: define('Orchestrator/training/Resource', '"MLFLOW_EXPERIMENT_NAME":"breast-cancer"', `"MLFLOW_TRACKING_TOKEN":"${SECRET}"`) },
  { name: 'secret-in-function', judge: 'our rules', rule: 'NO_SECRET_OUTSIDE_OF_CONNECTIONS', harm: at('ModelEndpoint/Sweep/Resource', p => { p.Environment = { Variables: { TOKEN: SECRET } }; }) },
  { name: 'secret-in-model', judge: 'our rules', rule: 'NO_SECRET_OUTSIDE_OF_CONNECTIONS', harm: at('Endpoint/Model', p => { p.PrimaryContainer.Environment.TOKEN = '{{resolve:ssm-secure:token:1}}'; }) },
  { name: 'key-in-plain-text', judge: 'checkov', rule: 'CKV_AWS_45', harm: at('ModelEndpoint/Sweep/Resource', p => { p.Environment = { Variables: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' } }; }) },
];
