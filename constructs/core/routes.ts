import { Stack, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

interface Routes {
  /** The resource configurations of VPC Lattice, by the host that they lead to. */
  readonly known: Map<string, string>;
  readonly asked: Set<string>;
}

const ROUTES = new WeakMap<Stack, Routes>();

function routesOf(scope: IConstruct): Routes {
  const stack = Stack.of(scope);
  const routes = ROUTES.get(stack) ?? { known: new Map(), asked: new Set() };
  ROUTES.set(stack, routes);
  return routes;
}

/** The private way, a resource configuration, that the stack of `scope` has to the host of `url`, if it has one. */
export function routeTo(scope: IConstruct, url: string): string | undefined {
  if (Token.isUnresolved(url)) return undefined;
  const { known, asked } = routesOf(scope);
  const { hostname } = new URL(url);
  asked.add(hostname);
  return known.get(hostname);
}

/** From now on the stack of `scope` reaches `host` by `configurationArn`. */
export function leadTo(scope: IConstruct, host: string, configurationArn: string): void {
  routesOf(scope).known.set(host, configurationArn);
}

/** Whether the stack of `scope` has a way to `host` already, or went without. */
export function isSettled(scope: IConstruct, host: string): boolean {
  const { known, asked } = routesOf(scope);
  return known.has(host) || asked.has(host);
}

/** Refuses, on behalf of `what`, which is in no VPC, a service that has to be reached privately. */
export function refuseRoute(scope: IConstruct, url: string, what: string): void {
  if (routeTo(scope, url) === undefined) return;
  throw new Error(`'${scope.node.path}' must call a service that is reached over the internet, got '${url}' with a PrivateLink: ${what}`);
}
