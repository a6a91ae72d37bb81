import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { IComponent, Step } from '../core';
import { check, FILLED, text } from '../core/validation';

/** An alert. */
export interface NotifyOptions {
  /** One line, cut where the provider's limit is (SNS: 99 characters); may be JSONata. */
  readonly subject: string;
  /** What happened, and what to do; may be JSONata. */
  readonly message: string;
  /**
   * The longest that it may take, retries included.
   * @default Duration.days(1)
   */
  readonly timeout?: Duration;
}

/** Tells people. */
export interface IAlerter extends IComponent {
  /** Sends one alert. Result: `id`. */
  notify(scope: Construct, id: string, options: NotifyOptions): Step;
}

/** @throws Error when there is nothing to tell */
export function checkNotify(options: NotifyOptions): void {
  check(options, z => ({ subject: text(z, ...FILLED), message: text(z, ...FILLED) }), 'subject', 'message');
}
