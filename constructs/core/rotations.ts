import { Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { ServiceConnection } from './service-connection';

/** Brings rotated secrets into connections. */
export interface Follower extends IConstruct {
  _follow(connection: ServiceConnection): void;
}

const FOLLOWERS = new WeakMap<Stack, Follower>();
const CONNECTIONS = new WeakMap<Stack, ServiceConnection>();

/** Who follows the secrets of the stack of `scope`, if anybody does. */
export function followerOf(scope: IConstruct): Follower | undefined {
  return FOLLOWERS.get(Stack.of(scope));
}

/** A connection of the stack of `scope`, if there is one. */
export function connectionIn(scope: IConstruct): ServiceConnection | undefined {
  return CONNECTIONS.get(Stack.of(scope));
}

/** From now on `follower` follows the secrets of its stack. */
export function appoint(follower: Follower): void {
  FOLLOWERS.set(Stack.of(follower), follower);
}

/** `connection` is there; who follows the secrets of its stack is told. */
export function register(connection: ServiceConnection): void {
  CONNECTIONS.set(Stack.of(connection), connection);
  followerOf(connection)?._follow(connection);
}
