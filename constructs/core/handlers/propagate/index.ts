import { type ConnectionAuthorizationType, EventBridgeClient, UpdateConnectionCommand } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Rotation, updated } from './updated';

const secrets = new SecretsManagerClient({});
const bus = new EventBridgeClient({});

export async function handler(rotation: Rotation): Promise<void> {
  const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: rotation.secret }));
  const { Name, AuthorizationType, AuthParameters } = updated(rotation, SecretString);
  await bus.send(new UpdateConnectionCommand({ Name, AuthorizationType: AuthorizationType as ConnectionAuthorizationType, AuthParameters }));
}
