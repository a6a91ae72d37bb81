import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Binding, Jsonata, Step } from '../core';
import { EncryptionKey } from '../core/encryption-key';
import { allow, grant, useKey } from '../core/grants';
import { check, like, text } from '../core/validation';
import { checkNotify, IAlerter, NotifyOptions } from './alerter';

/** Properties of an `SnsAlerter`. */
export interface SnsAlerterProps {
  /**
   * Receives each alert, once the subscription is confirmed from its inbox.
   * @default - nobody; subscribe to the topic
   */
  readonly email?: string;
  /**
   * Encrypts the messages.
   * @default - a new key, rotated each year
   */
  readonly encryptionKey?: kms.IKey;
}

/** A topic that exists. */
export interface SnsAlerterAttributes {
  /** The topic. */
  readonly topic: sns.ITopic;
  /**
   * The key that encrypts it.
   * @default - none, or one of AWS's own
   */
  readonly encryptionKey?: kms.IKey;
}

/** The contract over a topic, new or existing. */
export abstract class SnsAlerterBase extends Construct implements IAlerter {
  /** The topic. */
  public abstract readonly topic: sns.ITopic;
  protected abstract readonly encryptionKey?: kms.IKey;

  public notify(scope: Construct, id: string, options: NotifyOptions): Step {
    checkNotify(options);
    const { subject, message, timeout } = options;
    return new Step(scope, id, {
      timeout,
      calls: [{
        name: 'sent', resource: 'sns:publish', policies: this.publishing(),
        // SNS refuses a subject of 100 characters or more, and one with a line break or another control character.
        arguments: { TopicArn: this.topic.topicArn, Subject: `{% $substring($replace(${Jsonata.source(subject)}, /[\\x00-\\x1F\\x7F]+/, ' '), 0, 99) %}`, Message: message },
      }],
      result: { id: '{% $sent.MessageId %}' },
    });
  }

  public bind(client: iam.IGrantable): Binding {
    grant(client, this.publishing(), 'sends alerts');
    return { provider: 'sns', address: this.topic.topicArn, variables: { MLOPS_ALERT_TOPIC: this.topic.topicArn } };
  }

  private publishing(): iam.PolicyStatement[] {
    return [allow(['sns:Publish'], [this.topic.topicArn]), ...useKey(this.encryptionKey, 'kms:GenerateDataKey', 'kms:Decrypt')];
  }
}

/**
 * Alerts through an SNS topic: encrypted, over TLS only.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html
 */
export class SnsAlerter extends SnsAlerterBase {
  /** A topic that exists. */
  public static fromTopic(scope: Construct, id: string, attributes: SnsAlerterAttributes): IAlerter {
    check(attributes, z => ({ topic: like(z, 'a topic (sns.ITopic)', 'topicArn'), encryptionKey: like(z, 'a key (kms.IKey)', 'keyArn') }), 'topic');
    class Import extends SnsAlerterBase {
      public readonly topic = attributes.topic;
      protected readonly encryptionKey = attributes.encryptionKey;
    }
    return new Import(scope, id);
  }

  public readonly topic: sns.ITopic;
  protected readonly encryptionKey?: kms.IKey;

  constructor(scope: Construct, id: string, props: SnsAlerterProps = {}) {
    super(scope, id);
    check(props, z => ({ email: text(z, /^[^\s@\p{C}]+@[^\s@\p{C}]+\.[^\s@\p{C}]+$/u, 'an e-mail address'), encryptionKey: like(z, 'a key (kms.IKey)', 'keyArn') }));
    this.encryptionKey = props.encryptionKey ?? new EncryptionKey(this, 'Key', { description: `Alerts of ${this.node.path}` });
    this.topic = new sns.Topic(this, 'Resource', { masterKey: this.encryptionKey, enforceSSL: true });
    if (props.email !== undefined) {
      new sns.Subscription(this, 'Email', { topic: this.topic, protocol: sns.SubscriptionProtocol.EMAIL, endpoint: props.email });
    }
  }
}
