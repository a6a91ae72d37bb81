import { IComponent, ProbeSubject } from '../../constructs/core';
import { Benches } from '../benches';
import { ConformanceCase } from '../contract';

/** Variables that hold a credential by their name. */
const CREDENTIAL = /(^|_)(PASSWORD|PASSWD|TOKEN|API_?KEY|ACCESS_KEY|SECRET(_KEY)?|CREDENTIALS?)$/;
/** What of a Connection's authorization is secret. */
const SECRET = ['ApiKeyValue', 'Password', 'ClientSecret'];
/** Stands for what the credential was exchanged for. */
const TOKEN = 'token';
const RESOLVED = /\{\{resolve:/;

/** How a client reaches the component: all of it, and nothing that must not be read. */
export function bindingRules<C extends IComponent>(benches: Benches<C>): ConformanceCase[] {
  return [
    { name: 'binding: complete', run: () => complete(benches) },
    { name: 'binding: can be asked', run: () => canBeAsked(benches) },
    { name: 'binding: no credential', run: () => noCredential(benches) },
  ];
}

function complete<C extends IComponent>(benches: Benches<C>) {
  const { provider, address, variables, secrets = {} } = benches.provider().binding;
  if (typeof provider !== 'string' || !/^[a-z0-9][a-z0-9-]*$/.test(provider)) throw new Error(`'provider' must be lower-case letters, digits and -, got ${JSON.stringify(provider)}`);
  if (typeof address !== 'string' || address === '') throw new Error(`'address' must be a URL, an ARN or a name, got ${JSON.stringify(address)}`);
  for (const [name, value] of [...Object.entries<unknown>(variables), ...Object.entries(secrets)]) {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new Error(`'${name}' must be the name of an environment variable: letters, digits and _`);
    if (name in variables && typeof value !== 'string') throw new Error(`'${name}' must be a string, got ${JSON.stringify(value)}`);
  }
  const empty = Object.entries(secrets).find(([, field]) => !field?.secret?.secretArn);
  if (empty) throw new Error(`'${empty[0]}' must name a secret in AWS Secrets Manager, got ${JSON.stringify(empty[1])}`);
}

/** An outside service is asked whether it lives and, where it knows its callers, whether it takes the credential. */
function canBeAsked<C extends IComponent>(benches: Benches<C>) {
  const { address, secrets = {}, probes = [] } = benches.provider().binding;
  if (!/^https?:/.test(address)) return;
  const needed = [ProbeSubject.ALIVE, ...Object.keys(secrets).length ? [ProbeSubject.AUTHORIZED] : []];
  const missing = needed.find(subject => !probes.some(({ shows }) => shows === subject));
  if (missing) throw new Error(`'probes' must hold one that shows '${missing}', got ${JSON.stringify(probes.map(({ shows }) => shows))}: ExternalEndpoint.probes makes them`);
  const [unknown] = [...JSON.stringify(probes).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name).filter(name => name !== TOKEN && !Object.hasOwn(secrets, name));
  if (unknown !== undefined) throw new Error(`'probes' must take credentials from 'secrets' (${Object.keys(secrets).join(', ') || 'none'}), got '\${${unknown}}'`);
}

function noCredential<C extends IComponent>(benches: Benches<C>) {
  const bench = benches.provider();
  const { address, variables } = bench.binding;
  const named = Object.keys(variables).find(name => CREDENTIAL.test(name));
  if (named) throw new Error(`'${named}' must be one of 'secrets', a reference, got it as a plain variable`);
  const spelled = Object.entries({ ...variables, address }).find(([, value]) => /^\w+:\/\/[^/@]*@/.test(value));
  if (spelled) throw new Error(`'${spelled[0]}' must be a URL without a user or password`);
  for (const [path, { Type, Properties }] of Object.entries(bench.resources)) {
    if (Type !== 'AWS::Events::Connection') {
      if (RESOLVED.test(JSON.stringify(Properties ?? {}))) throw new Error(`'${path}' (${Type}) must hold no '{{resolve:': CloudFormation would write the secret in plain text there`);
      continue;
    }
    const literal = literals(Properties.AuthParameters)[0];
    if (literal) throw new Error(`'${path}' must take its ${literal} from AWS Secrets Manager, got a literal: anybody who reads the template knows it`);
  }
}

/** The credentials of a Connection that stand in the template as they are. */
function literals(parameters: any): string[] {
  if (typeof parameters !== 'object' || parameters === null) return [];
  // What `Auth.none` sends in place of a credential.
  if (parameters.ApiKeyName === 'x-client') return [];
  if (parameters.IsValueSecret === true) return RESOLVED.test(JSON.stringify(parameters.Value)) ? [] : [parameters.Key];
  return Object.entries<any>(parameters).flatMap(([name, value]) => SECRET.includes(name) && !RESOLVED.test(JSON.stringify(value)) ? [name] : literals(value));
}
