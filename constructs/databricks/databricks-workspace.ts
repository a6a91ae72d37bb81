import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, AuthScheme, Binding, ExternalEndpoint, ProbeRequest } from '../core';
import { check, mustBe } from '../core/validation';

/** A workspace of Databricks, as whoever works with it knows it. */
export class DatabricksWorkspace extends ExternalEndpoint {
  /**
   * A service principal, known by an OAuth secret.
   * @param field the field of the secret's JSON, the whole secret by default
   * @see https://docs.databricks.com/aws/dev-tools/auth/oauth-m2m
   */
  public static servicePrincipal(clientId: string, secret: ISecret, field?: string): Auth {
    return Auth.oauth(clientId, secret, { address: '/oidc/v1/token', scope: 'all-apis', field });
  }

  /**
   * @param url the workspace's https:// URL
   * @param auth how it knows its callers: `Auth.bearer` with a personal access token, or `DatabricksWorkspace.servicePrincipal`
   */
  constructor(url: string, auth: Auth) {
    check({ auth }, z => ({ auth: mustBe(z, 'Auth.bearer or DatabricksWorkspace.servicePrincipal', it => [AuthScheme.BEARER, AuthScheme.OAUTH].includes(it?.scheme)) }), 'auth');
    super(url, auth);
  }

  /** What clients need to find it, in the names of Databricks' own SDKs; `authorized` shows whether it takes the credential. */
  public binding(authorized: ProbeRequest): Binding {
    const { scheme, username, credential } = this.auth;
    const principal = scheme === AuthScheme.OAUTH;
    const secret = principal ? 'DATABRICKS_CLIENT_SECRET' : 'DATABRICKS_TOKEN';
    return {
      provider: 'databricks', address: this.url, variables: { DATABRICKS_HOST: this.url, ...principal && { DATABRICKS_CLIENT_ID: username! } },
      secrets: { [secret]: credential! }, probes: this.probes(secret, { authorized }),
    };
  }
}
